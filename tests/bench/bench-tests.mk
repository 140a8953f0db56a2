# SPDX-License-Identifier: GPL-2.0-only
# The benchmarks, a folder each.

include $(wildcard tests/bench/*/bench.mk)
