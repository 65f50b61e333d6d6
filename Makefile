# digitd. `make help` lists what there is to make. BUILD= moves what is built, SAN=1 builds with ASan and UBSan.
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL   := /bin/bash
CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
SAN     ?=
BUILD   ?= build$(if $(SAN),/asan)
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

WARN   := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2 -fcf-protection
SANITY := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT    := $(if $(SAN),-O1 $(SANITY),-O2 $(HARDEN))
CFLAGS ?= -g
ALL_CFLAGS  := -std=c17 -D_GNU_SOURCE -DDIGITD_VERSION='"$(VERSION)"' $(WARN) $(OPT) $(CFLAGS)
ALL_LDFLAGS := $(if $(SAN),$(SANITY),-pie -Wl,-z,relro,-z,now,-z,noexecstack) $(LDFLAGS)

# The kernels are compiled once for each instruction set: one source, three objects.
ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
KERNEL_SETS := base $(if $(filter x86_64,$(ARCH)),avx2 avx512)
KERNEL_FLAGS_base   :=
KERNEL_FLAGS_avx2   := -mavx2 -mfma
KERNEL_FLAGS_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512
KERNEL_FLAGS        := $(if $(SAN),-O2,-O3) -ffp-contract=fast -fno-math-errno -fno-trapping-math

ROOMS     := base nn image store web
ROOM_SRC  := $(filter-out %/kernels.c,$(foreach r,$(ROOMS),$(wildcard fcgi/$(r)/*.c)))
ROOM_OBJ  := $(ROOM_SRC:%.c=$(BUILD)/%.o) $(KERNEL_SETS:%=$(BUILD)/fcgi/nn/kernels_%.o)
MAIN_OBJ  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard fcgi/main/*.c))
WEIGHT_KERNELS := $(if $(wildcard weights/backward.c),$(KERNEL_SETS:%=$(BUILD)/weights/backward_%.o))
WEIGHT_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out weights/digit.c weights/backward.c,$(wildcard weights/*.c))) $(WEIGHT_KERNELS)
DIGIT_OBJ := $(BUILD)/weights/digit.o $(WEIGHT_OBJ)
PROGRAMS  := $(if $(MAIN_OBJ),$(BUILD)/digitd) $(if $(wildcard weights/digit.c),$(BUILD)/digit)

LIBS_base  := -lmd -ljansson
LIBS_nn    := -lm
LIBS_image := -lgd
LIBS_store := -lsqlite3 -lcrypt -lutf8proc
LIBS_web   := -lfcgi
LIBS_ALL   := $(foreach r,$(ROOMS),$(LIBS_$(r))) -pthread

all: $(PROGRAMS)

# A room is an archive, so that a program links only what it uses.
$(BUILD)/rooms.a: $(ROOM_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/digitd: $(MAIN_OBJ) $(BUILD)/rooms.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -Wl,--as-needed $(LIBS_ALL)
$(BUILD)/digit: $(DIGIT_OBJ) $(BUILD)/rooms.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -Wl,--as-needed $(LIBS_ALL)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/fcgi/nn/kernels_%.o: fcgi/nn/kernels.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(KERNEL_FLAGS) $(KERNEL_FLAGS_$*) -DKERNEL_SET=$* -MMD -MP -c -o $@ $<
$(BUILD)/weights/backward_%.o: weights/backward.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(KERNEL_FLAGS) $(KERNEL_FLAGS_$*) -DKERNEL_SET=$* -MMD -MP -c -o $@ $<

# Unit tests: tests/unit/test_NAME.c is one cmocka program; it links every room, a steppable clock, and the trainer.
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
unit: $(UNIT_TESTS)
$(BUILD)/unit/clock.o: fcgi/base/clock.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DCLOCK_STEPPABLE -MMD -MP -c -o $@ $<
$(BUILD)/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DCLOCK_STEPPABLE -Ifcgi -Iweights -MMD -MP -c -o $@ $<
$(BUILD)/unit/test_%: $(BUILD)/unit/test_%.o $(BUILD)/unit/clock.o $(WEIGHT_OBJ) $(BUILD)/rooms.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIBS_ALL)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all unit
.SECONDARY:
