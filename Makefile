# digitd. `make help` lists the targets. BUILD= sets the build directory, SAN=1 builds with ASan and UBSan.
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := all
SHELL   := /bin/bash
CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
SAN     ?=
BUILD   ?= build$(if $(SAN),/asan)
PREFIX  ?= /usr/local
DESTDIR ?=
SHARE   := $(PREFIX)/share/digitd
VERSION := 0.1.0

WARN   := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
# The processor that the compiler compiles for, as it calls it: x86_64, aarch64, arm ...
ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
# Jumps and returns that the processor itself checks, where it can.
BRANCHES_x86_64  := -fcf-protection
BRANCHES_aarch64 := -mbranch-protection=standard
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2 $(BRANCHES_$(ARCH))
SANITY := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZED := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT    := $(if $(FUZZING),-O1 $(FUZZED),$(if $(SAN),-O1 $(SANITY),-O2 $(HARDEN)))
CFLAGS ?= -g
# Where long has 32 bits (armhf), files over 2 GB and times after 2038 want these; elsewhere they change nothing.
WIDE   := -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
# A product and a sum are rounded one after the other, so that a seed draws the same and a picture is read the same whatever the compiler:
# where the processor can do both at once (arm64), clang would; gcc does not in ISO C. The kernels, which live by it, say otherwise below.
ROUND  := -ffp-contract=off
ALL_CFLAGS  := -std=c17 -D_GNU_SOURCE $(WIDE) $(ROUND) -DDIGITD_VERSION='"$(VERSION)"' -Ifcgi -Iweights/train $(WARN) $(OPT) $(CFLAGS)
ALL_LDFLAGS := $(if $(FUZZING)$(SAN),$(SANITY),-pie -Wl,-z,relro,-z,now,-z,noexecstack) $(LDFLAGS)

# The kernels are compiled once for each instruction set: one source, three objects.
KERNEL_SETS := base $(if $(filter x86_64,$(ARCH)),avx2 avx512)
KERNEL_FLAGS_base   :=
KERNEL_FLAGS_avx2   := -mavx2 -mfma
KERNEL_FLAGS_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512
KERNEL_FLAGS        := $(if $(SAN),-O2,-O3) -ffp-contract=fast -fno-math-errno -fno-trapping-math

ROOMS     := base files net normalise/tools normalise layout image/header image answer password store store/history store/admin web/http web web/pictures web/api gate ctl main
ROOM_SRC  := $(filter-out %/kernels.c %/digitd.c %/digitctl.c,$(foreach r,$(ROOMS),$(wildcard fcgi/$(r)/*.c)))
ROOM_OBJ  := $(ROOM_SRC:%.c=$(BUILD)/%.o) $(KERNEL_SETS:%=$(BUILD)/fcgi/net/kernels_%.o)
TRAIN_ROOMS := common data network measure run commands
TRAIN_SRC := $(filter-out %/digit.c %/backward.c,$(foreach r,$(TRAIN_ROOMS),$(wildcard weights/train/$(r)/*.c)))
TRAIN_OBJ := $(TRAIN_SRC:%.c=$(BUILD)/%.o) $(KERNEL_SETS:%=$(BUILD)/weights/train/network/backward_%.o)
DIGIT_OBJ := $(BUILD)/weights/train/commands/digit.o $(TRAIN_OBJ)
PROGRAMS  := $(BUILD)/digitd $(BUILD)/digitctl $(BUILD)/digit

LIBS_base  := -lmd -ljansson
LIBS_net   := -lm
LIBS_image := -lgd -ltiff -lavif -lpng -lseccomp -lz
LIBS_password := -lcrypt -lutf8proc
LIBS_store := -lsqlite3
LIBS_web/http := -lfcgi
LIBS_ALL   := $(foreach r,$(ROOMS),$(LIBS_$(r))) -pthread

all: $(PROGRAMS)

# A room is an archive, so that a program links only what it uses.
$(BUILD)/rooms.a: $(ROOM_OBJ)
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/digitd $(BUILD)/digitctl: $(BUILD)/%: $(BUILD)/fcgi/main/%.o $(BUILD)/rooms.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -Wl,--as-needed $(LIBS_ALL)
$(BUILD)/digit: $(DIGIT_OBJ) $(BUILD)/rooms.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -Wl,--as-needed $(LIBS_ALL)

# `make run` says what it compiles; the others are silent, or show the commands.
SAY ?=
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(SAY),@echo '  compiling $<')
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
# The assembler's .incbin leaves no trace in the .d files.
$(BUILD)/fcgi/store/store_schema.o: $(wildcard fcgi/store/*.sql)
$(BUILD)/fcgi/net/cnn_reading.o: fcgi/net/samples.bin
$(BUILD)/fcgi/net/kernels_%.o: fcgi/net/kernels.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(KERNEL_FLAGS) $(KERNEL_FLAGS_$*) -DKERNEL_SET=$* -MMD -MP -c -o $@ $<
$(BUILD)/weights/train/network/backward_%.o: weights/train/network/backward.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(KERNEL_FLAGS) $(KERNEL_FLAGS_$*) -DKERNEL_SET=$* -MMD -MP -c -o $@ $<

# What compares pixels has no values that a fuzzer could find by watching the comparisons, and is several times as slow while it is watched.
PIXEL_ROOMS := normalise/tools normalise layout
$(foreach r,$(PIXEL_ROOMS),$(BUILD)/fcgi/$(r)/%.o): ALL_CFLAGS += $(if $(FUZZING),-fno-sanitize-coverage=trace-cmp)

# EMULATED=1 builds what qemu-user can run (tests/arm): it refuses seccomp, so the decoder's filter is left out, and digitd says so in its log.
$(BUILD)/fcgi/image/sandbox.o: ALL_CFLAGS += $(if $(EMULATED),-DEMULATED)

# Where the installed network is: compiled into these two, so another PREFIX compiles them anew.
SHARED := $(BUILD)/fcgi/base/conf.o $(BUILD)/weights/train/common/files.o
$(SHARED): ALL_CFLAGS += -DDIGITD_SHARE='"$(SHARE)"'
$(SHARED): $(BUILD)/prefix
$(BUILD)/prefix: FORCE
	@mkdir -p $(@D)
	@[ "$$(cat $@ 2>/dev/null)" = '$(PREFIX)' ] || echo '$(PREFIX)' >$@

# Loops of the trainer that no set is needed for; the flags change how fast they are, not what they compute.
$(BUILD)/weights/train/network/optim.o $(BUILD)/weights/train/data/augment.o $(BUILD)/weights/train/measure/reject_fit.o: ALL_CFLAGS += $(if $(SAN)$(FUZZING),,-O3 -fno-math-errno)

# Unit tests: tests/unit/test_NAME.c is one cmocka program; it links every room, a steppable clock, and the trainer.
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
unit: $(UNIT_TESTS)
$(BUILD)/unit/clock.o: fcgi/base/clock.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DCLOCK_STEPPABLE -MMD -MP -c -o $@ $<
$(BUILD)/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DCLOCK_STEPPABLE -DSANITIZED=$(if $(SAN),1,0) -MMD -MP -c -o $@ $<
$(BUILD)/unit/test_%: $(BUILD)/unit/test_%.o $(BUILD)/unit/clock.o $(TRAIN_OBJ) $(BUILD)/rooms.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIBS_ALL)

# What sanitizers slow, forbid or compile otherwise is run without them too.
plain-unit: $(addprefix $(BUILD)/unit/test_,password multipart store_race kernels cnn sandbox decoder decoder_lost)

-include $(shell find $(BUILD) -path $(BUILD)/deb -prune -o -name '*.d' -type f -print 2>/dev/null)
.PHONY: all unit plain-unit FORCE
.SECONDARY:

# --- what a person types -----------------------------------------------------------------------------------------------------
PORT    ?= 8080
STATE   ?= state
LIMITS  ?= on
WORKERS ?=
DATA    ?= data
NETWORKS := weights/digits.safetensors weights/digits-deep.safetensors
WEIGHTS ?= $(firstword $(NETWORKS))
SPLIT   ?= validation
BROWSER ?=
OUT     ?= $(BUILD)/digits.safetensors
EPOCHS  ?= 60
SECONDS_IN_ALL ?= 540

run:
	@conf/need build run
	@[ -x '$(BUILD)/digitd' ] || echo 'building digitd: the first time, this takes about a minute on two cores'
	@$(MAKE) --silent -j$$(nproc) SAY=1 $(BUILD)/digitd
	@PORT='$(PORT)' STATE='$(STATE)' LIMITS='$(LIMITS)' WORKERS='$(WORKERS)' BUILD='$(BUILD)' conf/run

$(DATA)/.checked: weights/fetch-mnist
	@conf/need data
	@weights/fetch-mnist '$(DATA)'
	@touch $@
data: $(DATA)/.checked

# BROWSER=no leaves out the tests that need Chromium, and says how many files those are.
test: SUITES ?=
test:
	@conf/need build run data test $(if $(filter no,$(BROWSER)),,browser)
	@$(MAKE) --silent -j$$(nproc) all data test-tools golden-tools plain-unit
	@$(MAKE) --silent -j$$(nproc) SAN=1 unit
	@BUILD='$(BUILD)' DATA_DIR='$(abspath $(DATA))' BROWSER='$(BROWSER)' tests/run $(SUITES)

# The same, but for Chromium, in a root of Debian 13 that debootstrap makes. Root alone can do that.
test-debian13:
	@DATA_DIR='$(abspath $(DATA))' tests/in-debian trixie make --silent test BROWSER=no SUITES='$(SUITES)'

# The long forms of the tests that kill, race, count and time (LONG=1 in their environment), without sanitizers.
STRESSED := $(addprefix $(BUILD)/unit/test_,store_race store_copy store_start store_restore power_loss each_fails)
faults:
	@conf/need build run data test
	@$(MAKE) --silent -j$$(nproc) all data test-tools $(STRESSED)
	@LONG=1 BUILD='$(BUILD)' DATA_DIR='$(abspath $(DATA))' tests/run stress faults

# Small programs that the suites use.
test-tools: $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(wildcard tests/tools/*.c)) $(patsubst tests/tools/preload/%.c,$(BUILD)/tools/%.so,$(wildcard tests/tools/preload/*.c))
$(BUILD)/tools/%.so: tests/tools/preload/%.c
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O2 -shared -fPIC -o $@ $<
$(BUILD)/tools/%: $(BUILD)/tests/tools/%.o $(BUILD)/rooms.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -Wl,--as-needed $(LIBS_ALL)

# Makers of seeded pictures: tests/golden/NAME.c, one program each, on what is in tests/golden/make/.
GOLDEN_MAKE := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/golden/make/*.c))
golden-tools: $(patsubst tests/golden/%.c,$(BUILD)/golden/%,$(wildcard tests/golden/*.c))
$(BUILD)/train.a: $(TRAIN_OBJ)
	@rm -f $@
	@$(AR) rcs $@ $^
$(BUILD)/golden/%: $(BUILD)/tests/golden/%.o $(GOLDEN_MAKE) $(BUILD)/train.a $(BUILD)/rooms.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -Wl,--as-needed $(LIBS_ALL)

asan:
	@conf/need build test data
	@$(MAKE) --silent -j$$(nproc) SAN=1 unit data
	@BUILD='$(BUILD)' DATA_DIR='$(abspath $(DATA))' tests/run unit

train: $(BUILD)/digit data
	$(BUILD)/digit train --data '$(DATA)' --out '$(OUT)' --run '$(BUILD)/train' --epochs '$(EPOCHS)' $(ARGS)
# What two epochs must come to, on the validation pictures; CI runs it.
check-train: $(BUILD)/digit data
	@rm -rf '$(BUILD)/check-train'
	@mkdir -p '$(BUILD)/check-train'
	@$(MAKE) train EPOCHS=2 OUT='$(BUILD)/check-train/two.safetensors' ARGS='--run $(BUILD)/check-train --reject-examples 55000 $(ARGS)'
	@awk -F'"validation_accuracy":' 'NF > 1 { split($$2, v, /[,}]/); last = v[1]; n++ } \
	  END { printf "check-train: %d epochs, validation %.2f %%, wanted 98.9 %%\n", n, 100 * last; exit !(n == 2 && last >= 0.989) }' \
	  '$(BUILD)/check-train/log.jsonl'
# How the weights read validation pictures that were turned, thinned, lit ...; SPLIT=test counts as a reading of the test set.
perturb: $(BUILD)/golden/perturb data
	@$(BUILD)/golden/perturb --data '$(DATA)' --weights '$(WEIGHTS)' --split '$(SPLIT)' $(ARGS)
evaluate: $(BUILD)/digit data
	$(BUILD)/digit evaluate --data '$(DATA)' --weights '$(WEIGHTS)' $(ARGS)
# The model card of WEIGHTS, and from all cards the tables of MODEL.md and docs/model/*.svg. Reads the test set with the frozen file. SPLIT is
# of the robustness alone: a network that learnt from the validation pictures has test pictures distorted (another reading).
model-card: $(BUILD)/digit $(BUILD)/golden/perturb data
	@conf/need test reject
	@mkdir -p $(BUILD)/card
	$(BUILD)/digit evaluate --json --split validation --data '$(DATA)' --weights '$(WEIGHTS)' >$(BUILD)/card/validation.json
	$(BUILD)/digit evaluate --json --reject --split test --data '$(DATA)' --weights '$(WEIGHTS)' >$(BUILD)/card/test.json
	$(BUILD)/golden/perturb --json --data '$(DATA)' --weights '$(WEIGHTS)' --split '$(SPLIT)' >$(BUILD)/card/perturb.json
	node weights/model-card.mjs gather $(BUILD)/card '$(WEIGHTS)'
	node weights/model-card.mjs write $(NETWORKS)
# How numbers are read: COUNT pictures of each kind, composed of the half of the validation digits that nothing is fitted to. Writes the card
# and its tables in MODEL.md. SPLIT=test composes them of test digits, which counts as a reading of the test set: once, at the end.
COUNT ?= 400
NUMBERS := $(BUILD)/card/numbers
numbers: $(BUILD)/digit $(BUILD)/golden/numbers data
	@conf/need test
	@rm -rf '$(NUMBERS)'
	@mkdir -p '$(NUMBERS)'
	$(BUILD)/golden/numbers --data '$(DATA)' --split '$(SPLIT)' $(if $(filter test,$(SPLIT)),,--half b) --count '$(COUNT)' --out '$(NUMBERS)'
	@BUILD='$(BUILD)' node tests/golden/numbers.mjs --weights '$(WEIGHTS)' $(if $(filter test,$(SPLIT)),--test) --save '$(NUMBERS).json' '$(NUMBERS)'
	@rm -rf '$(NUMBERS)'
	node weights/model-card.mjs numbers '$(NUMBERS).json' '$(WEIGHTS)'
	node weights/model-card.mjs write $(NETWORKS)
# Everything that is fitted from a network, anew: temperature, thresholds and rejection head, how numbers are read, and the card with all that
# shows it. FROM= names the file whose network it is, WEIGHTS= the file that is written.
FROM ?= $(WEIGHTS)
refit: $(BUILD)/digit golden-tools data
	@mkdir -p $(BUILD)/refit/read
	$(BUILD)/digit calibrate --data '$(DATA)' --weights '$(FROM)' --out '$(BUILD)/refit/$(notdir $(WEIGHTS))' $(ARGS)
	BUILD='$(BUILD)' DATA_DIR='$(DATA)' weights/fit-numbers '$(BUILD)/refit/$(notdir $(WEIGHTS))' '$(BUILD)/refit/read/$(notdir $(WEIGHTS))'
	cp '$(BUILD)/refit/read/$(notdir $(WEIGHTS))' '$(WEIGHTS)'
	@$(MAKE) model-card WEIGHTS='$(WEIGHTS)'
	@$(MAKE) numbers WEIGHTS='$(WEIGHTS)' SPLIT=validation
reject: $(BUILD)/digit data
	@conf/need reject
	$(BUILD)/digit evaluate --reject --data '$(DATA)' --weights '$(WEIGHTS)' $(ARGS)

# Benchmarks: tests/bench/bench_NAME.c, one program each.
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/bench_*.c))
$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(TRAIN_OBJ) $(BUILD)/rooms.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/rooms.a -Wl,--as-needed $(LIBS_ALL)
$(BUILD)/bench/bench_store: $(BUILD)/tests/bench/fill_store.o
$(BUILD)/bench/constant_responder: $(BUILD)/tests/bench/constant_responder.o
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< -lfcgi
bench: $(BENCHES) data
	@set -e; for b in $(BENCHES); do echo "== $$b"; DATA_DIR='$(DATA)' $$b; done

# What a request costs, beside a constant responder on libfcgi and beside Flask, gunicorn and PyTorch where they are installed.
bench-requests: $(BUILD)/digitd $(BUILD)/bench/constant_responder
	@conf/need run test bench
	@BUILD='$(BUILD)' node tests/bench/requests.mjs $(ARGS)

# A training step, beside PyTorch's where it is installed (python3-torch).
bench-training: $(BUILD)/bench/bench_train
	@BUILD='$(BUILD)' node tests/bench/training.mjs $(ARGS)
# How it grows, into docs/PERFORMANCE.md and docs/performance/*.svg: some ten minutes on a quiet machine.
bench-report: all $(BUILD)/bench/constant_responder $(BUILD)/bench/bench_store
	@conf/need run test bench
	@BUILD='$(BUILD)' node tests/bench/report.mjs $(ARGS)

# A million users and ten million rows of history: 12 GB below BENCH_DIR (/var/tmp) for some ten minutes.
bench-scale: $(BUILD)/bench/bench_store
	$(BUILD)/bench/bench_store 1000000 10000000

# Fuzzers: tests/fuzz/fuzz_NAME.c, one grammar each, started from tests/fuzz/corpus/NAME. They share SECONDS_IN_ALL= evenly, however
# many they are; SECONDS= is for each. What they executed is added up in build/fuzz/totals, or where FUZZ_TOTALS says.
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
SECONDS_EACH = $(or $(SECONDS),$(shell expr $(SECONDS_IN_ALL) / $(words $(FUZZERS)) \| 1))
fuzz:
	@conf/need build fuzz
	@$(MAKE) --silent -j$$(nproc) CC=clang BUILD=$(BUILD)/fuzz FUZZING=1 fuzz-programs
	@BUILD='$(BUILD)' tests/fuzz/run $(SECONDS_EACH) $(FUZZERS)
fuzz-programs: $(FUZZERS:%=$(BUILD)/fuzz_%)
$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/rooms.a
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_ALL)

# Lines of what parses bytes from outside (tests/fuzz/covered) that its unit tests and the fuzzers' corpora run, by clang; fails below
# the bar. The tests are those that look at parsers.
COVERING := json conf base decoder_wire header header_tags header_traps image image_damage image_size image_tiff model model_headers \
  multipart number_text request route session fcgx idx api_plain api_classify api_account api_history api_number api_token store_account \
  store parse_memory layout_find layout_lattice grey classify reject
COVERAGE := CC=clang BUILD=$(BUILD)/coverage OPT='-O1 -fprofile-instr-generate -fcoverage-mapping' ALL_LDFLAGS=-fprofile-instr-generate
coverage:
	@conf/need build fuzz test data
	@$(MAKE) --silent -j$$(nproc) data $(COVERAGE) fuzz-programs $(COVERING:%=$(BUILD)/coverage/unit/test_%)
	@BUILD='$(BUILD)/coverage' DATA_DIR='$(abspath $(DATA))' TESTS='$(COVERING)' FUZZERS='$(FUZZERS)' tests/coverage

lint:
	@conf/need build test lint
	@tests/lint

$(BUILD)/man/digitd.conf.5: docs/man/digitd.conf.5.in conf/digitd.conf conf/settings-page
	@mkdir -p $(@D)
	@conf/settings-page docs/man/digitd.conf.5.in conf/digitd.conf >$@

# What there is to install: SOURCE DIRECTORY MODE each. What lies below /etc is the administrator's: it is never written over, and
# uninstall leaves it. Files of text name their places below /usr/local; another PREFIX is put in.
INSTALLED := $(foreach p,digitd digitctl,$(BUILD)/$(p):$(PREFIX)/sbin:755) $(BUILD)/digit:$(PREFIX)/bin:755 \
  $(foreach n,$(NETWORKS),$(n):$(SHARE):644 $(n:.safetensors=.card.json):$(SHARE):644) weights/MODEL.md:$(SHARE):644 weights/TRIALS.md:$(SHARE):644 \
  $(foreach f,$(shell find html -type f),$(f):$(SHARE)/$(patsubst %/,%,$(dir $(f))):644) \
  $(foreach f,http.conf server.conf site.conf tls.conf.example,conf/nginx/$(f):$(SHARE)/nginx:644) conf/nginx/tls-site:$(SHARE)/nginx:755 conf/nginx.conf:$(SHARE):644 conf/fail2ban.conf:$(SHARE):644 \
  conf/need:$(SHARE):755 conf/packages:$(SHARE):644 weights/fetch-mnist:$(SHARE):755 \
  $(foreach f,$(wildcard docs/man/*.[1-8]) $(BUILD)/man/digitd.conf.5,$(f):$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix $(f))):644) \
  $(foreach f,$(wildcard conf/systemd/digitd*),$(f):$(PREFIX)/lib/systemd/system:644) \
  $(foreach d,sysusers tmpfiles,conf/systemd/$(d).conf:$(PREFIX)/lib/$(d).d/digitd.conf:644) \
  $(foreach f,$(wildcard README.md SECURITY.md docs/*.md),$(f):$(PREFIX)/share/doc/digitd:644)
ETC := conf/digitd.conf:/etc/digitd/digitd.conf:644 conf/nginx/site.conf:/etc/nginx/sites-available/digitd:644
install: all $(BUILD)/man/digitd.conf.5
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' conf/install put $(INSTALLED) -- $(ETC)
uninstall:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' conf/install remove $(INSTALLED) -- $(ETC)

# The package, from a copy of what git knows (or, outside of git, of the whole tree).
deb:
	@conf/need build deb
	@rm -rf '$(BUILD)/deb' && mkdir -p '$(BUILD)/deb/digitd-$(VERSION)'
	@{ git ls-files -co --exclude-standard 2>/dev/null || find Makefile README.md SECURITY.md LICENSE conf docs fcgi html weights -type f; } | \
	  grep -v '^tests/' | while IFS= read -r f; do [ ! -f "$$f" ] || printf '%s\n' "$$f"; done | \
	  tar -c -T - | tar -x -C '$(BUILD)/deb/digitd-$(VERSION)'
	@mv '$(BUILD)/deb/digitd-$(VERSION)/conf/debian' '$(BUILD)/deb/digitd-$(VERSION)/debian'
	@cd '$(BUILD)/deb/digitd-$(VERSION)' && unset MAKEFLAGS MFLAGS MAKELEVEL && \
	  DEB_BUILD_OPTIONS="parallel=$$(nproc) noautodbgsym $$DEB_BUILD_OPTIONS" dpkg-buildpackage --build=binary --no-sign >../build.log 2>&1 || { tail -n 40 ../build.log; exit 1; }
	@cp '$(BUILD)/deb/digitd_$(VERSION)_'*.deb '$(BUILD)/'
	@echo '$(BUILD)/'digitd_$(VERSION)_*.deb

# What is installed, on a fresh Debian with systemd: by make install, and as the package. Needs root, for a docker engine. DEBIAN= names the
# release; for another one than this machine's, programs and package are built in a root of it.
HERE = $(shell sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
DEBIAN ?= $(or $(filter bookworm trixie,$(HERE)),bookworm)
MAKE_ON = $(if $(filter $(DEBIAN),$(HERE)),$(MAKE),DATA_DIR='$(abspath $(DATA))' tests/in-debian $(DEBIAN) make)
test-install:
	@conf/need build deb deploy test
	@$(MAKE_ON) --silent -j$$(nproc) all
	@$(MAKE_ON) --silent deb
	@DATA_DIR='$(abspath $(DATA))' DEBIAN='$(DEBIAN)' tests/deploy/run install

# docker-compose.yml with a real engine (root): up, the end-to-end suite, kill, restore, down.
test-compose:
	@conf/need build deploy test run
	@$(MAKE) --silent -j$$(nproc) all
	@tests/deploy/run compose

# The same file with podman, asked by docker-compose (root; two minutes, and the build of the images).
test-podman:
	@conf/need deploy test run podman
	@tests/deploy/run podman
# 64-bit and 32-bit ARM, by cross compilers and an emulator of their programs; what is not run there is printed with the reason.
test-arm:
	@conf/need build arm data
	@$(MAKE) --silent data
	@BUILD='$(BUILD)' DATA_DIR='$(abspath $(DATA))' tests/arm/run
# A whole machine with 64-bit ARM and Debian's kernel, emulated: sandbox, decoder, a served digit. Some ten minutes.
test-arm-system:
	@conf/need build arm arm-system data
	@$(MAKE) --silent data
	@BUILD='$(BUILD)' tests/arm/system

clean:
	rm -rf build

help:
	@echo 'make            build into build/: digitd (the service), digitctl (administration), digit (the network on its own)'
	@echo 'make run        install missing packages, build, and serve on http://localhost:8080/ until Ctrl-C'
	@echo '                PORT=9000  STATE=/tmp/x  WORKERS=2  LIMITS=off (no request limits, for load tests)'
	@echo 'make test       run all test suites; ends with "N passed, N failed"   SUITES="unit golden faults e2e"'
	@echo '                BROWSER=no (skip the tests that need Chromium)'
	@echo 'make test-debian13  the same, without Chromium, in a Debian 13 root file system on any host (root)'
	@echo 'make lint       formatting, warnings of gcc and clang, static analysis, house rules'
	@echo 'make asan       only the unit tests, under ASan and UBSan'
	@echo 'make faults     the long forms of the kill, race, count and timing tests: 10^6 commits, a crash at every step (an hour)'
	@echo 'make fuzz       run every fuzzer   SECONDS_IN_ALL=540 (total) or SECONDS=60 (for each)'
	@echo 'make coverage   lines of all parsers that their tests and the fuzzers run; fails below 95 %'
	@echo 'make bench      benchmarks: network, trainer, decoder, reading numbers, database'
	@echo 'make bench-requests  what a POST /classify costs, beside a responder that does nothing and beside Flask with PyTorch'
	@echo 'make bench-training  a training step, beside PyTorch'
	@echo 'make bench-report  how it grows with connections, sizes, pictures and users; writes docs/PERFORMANCE.md (ten minutes)'
	@echo 'make bench-scale  queries with a million users and ten million history rows (12 GB, ten minutes)'
	@echo 'make train      train a network into build/digits.safetensors   EPOCHS=60  OUT=file  ARGS="options of digit train"'
	@echo 'make check-train  train for two epochs; fails below 98.9 % validation accuracy'
	@echo 'make evaluate   accuracy on the 10,000 test pictures   WEIGHTS=file'
	@echo 'make reject     rejection rates for clothes, noise, paper, letters and shapes   WEIGHTS=file'
	@echo 'make model-card  measure the weights again; write their card, MODEL.md and docs/model/'
	@echo 'make numbers    how numbers are read, kind by kind; into the card and MODEL.md   COUNT=400  WEIGHTS=file  SPLIT=validation'
	@echo 'make refit      fit all that depends on a network anew, and write its card   FROM=file  WEIGHTS=file'
	@echo 'make perturb    accuracy on pictures that were shifted, rotated, thinned, lit ...   WEIGHTS=file  SPLIT=validation'
	@echo 'make install    install into PREFIX=/usr/local, below DESTDIR=; make uninstall removes it, except for files in /etc'
	@echo 'make deb        build the Debian package: build/digitd_VERSION_amd64.deb'
	@echo 'make test-install  follow docs/ADMIN.md on fresh Debian systems with systemd: make install, and the package (root, docker)'
	@echo '                DEBIAN=trixie (on Debian 13, whatever the host)'
	@echo 'make test-compose  docker-compose.yml on a real engine: the suite, a kill, backup and restore (root, docker)'
	@echo 'make test-podman  docker-compose.yml with podman (root)'
	@echo 'make test-arm   cross-compile for aarch64 and armhf; unit tests and digit classify under qemu-user; ends with "N passed, N failed"'
	@echo 'make test-arm-system  read a digit on an emulated arm64 machine with Debian'"'"'s kernel (ten minutes)'
	@echo 'make clean      remove build/'

.PHONY: run data test test-debian13 test-tools golden-tools asan train check-train perturb evaluate reject numbers refit bench bench-requests bench-training bench-report bench-scale coverage faults fuzz fuzz-programs lint install uninstall deb test-install test-compose test-podman test-arm test-arm-system clean help
