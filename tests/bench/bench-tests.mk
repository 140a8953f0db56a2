# SPDX-License-Identifier: GPL-2.0-only
# The benchmarks, a folder each; Documentation/benchmarks.rst explains them.

include $(wildcard tests/bench/*/bench.mk)

NEW ?= build/bench/results.json

## make bench           how fast two machines exchange data, beside the peers (half an hour, QUICK=1 four minutes)
## make bench-compare   OLD=results.json [NEW=…]: what got better or worse beyond the noise
## make bench-readme    put the numbers and pictures of the last run into README.md
.PHONY: bench bench-compare bench-readme
bench:
	@$(if $(filter-out build,$(B)),$(error make bench measures what is in build: leave B=$(B) out))
	@tests/deps.sh bench
	@$(MAKE) --no-print-directory vmm bench-programs bench-memory-programs
	@$(if $(filter lab boot,$(or $(RIGS),lab)),$(MAKE) --no-print-directory tests-kmod tests-boot || \
		echo "bench: the lab can't be had: rigs lab and boot will have no figures")
	@tests/bench/run.sh

bench-readme:
	@tests/bench/report/readme.sh build/bench

bench-compare:
	@tests/bench/report/compare.sh "$(OLD)" "$(NEW)"
