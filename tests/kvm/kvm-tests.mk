# SPDX-License-Identifier: GPL-2.0-only
# Tests of the VMM on /dev/kvm with a guest of a few instructions; they need no hardware
# virtualization where KVM is there without it.

KVM_TESTS := $(patsubst tests/kvm/%.c,$(B)/tests/kvm/%,$(sort $(wildcard tests/kvm/test_*.c)))

$(KVM_TESTS): $(B)/tests/kvm/%: $(B)/obj/tests/kvm/%.o $(B)/obj/tests/kvm/guest.o $(VMM_LIB)
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LD_LIBS)

# These are peers of each other without the host module.
KVM_PEERS := $(B)/obj/tests/kvm/doorbell_board.o $(B)/obj/tests/kvm/fake_membership.o
$(B)/tests/kvm/test_doorbell $(B)/tests/kvm/test_doorbell_hostile: $(KVM_PEERS)
