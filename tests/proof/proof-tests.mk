# SPDX-License-Identifier: GPL-2.0-only
# Proofs by z3; a part of the unit tier.

RANGE_VECTORS := $(B)/tests/proof/range_vectors

$(RANGE_VECTORS): $(B)/obj/tests/proof/range_vectors.o
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

## make proof           prove the range arithmetic for all 64-bit addresses (z3)
.PHONY: proof
proof: $(RANGE_VECTORS)
	@tests/proof/proof.sh $(RANGE_VECTORS)

unit-programs: $(RANGE_VECTORS)
