# Two commands do all the set-up on a fresh Debian 12: `make run` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

# Quiet, so that what is wrong with a build stands out.
SWIFT_BUILD := swift build --quiet
# What is shipped and measured: with Swift's runtime in it, so that it starts without looking for thousands of symbols.
RELEASE_BUILD := $(SWIFT_BUILD) --configuration release --static-swift-stdlib --disable-local-rpath
VIRTFORM := .build/debug/virtform
GUEST := .lab/guest
DEBIAN := .lab/debian
XEN := .lab/xen
# Where tests of faults say what they tried: those of `make torture`, which docs/reliability.md is made of, by themselves.
export VIRTFORM_TALLIES ?= $(CURDIR)/.build/tallies
TORTURE_TALLIES := $(CURDIR)/.build/torture
# A virtform that has the faults of debug builds and the speed of a release, for thousands of runs.
FAULTS := $(CURDIR)/.build/faults
TORTURE := VIRTFORM_TORTURE=1 VIRTFORM_TALLIES=$(TORTURE_TALLIES) VIRTFORM_BINARY=$(FAULTS)/release/virtform
# What `make torture` runs, as swift test --filter has it.
FILTER ?= .
SANITIZER ?= address thread

.PHONY: build run test fast-test torture sanitize fuzz bench lint format docs deb check-deb lab lab-down lab-xen lab-xen-down xen-image test-xen run-xen-tests
.PHONY: packages-build packages-run packages-lab packages-lab-xen packages-test packages-deb guest libvirt-corpus yaml-test-suite

build: packages-build
	$(SWIFT_BUILD)

## run: two real guests from examples/quickstart, on a libvirt of your own
run: packages-run
	$(SWIFT_BUILD) --product virtform
	Lab/guest/build.sh $(GUEST)
	$(VIRTFORM) apply --auto-approve examples/quickstart
	Lab/await-consoles.sh "$$(Lab/uri.sh examples/quickstart)" web-1 web-2
	@echo "The second plan:"
	$(VIRTFORM) plan examples/quickstart
	$(VIRTFORM) show examples/quickstart
	@echo "The guests keep running. Have a look at one (leave with Ctrl-]):"
	@echo "  $(VIRTFORM) console web-1 examples/quickstart"
	@echo "Remove them with their disks:"
	@echo "  $(VIRTFORM) destroy --allow-data-loss examples/quickstart"

## lab: three QEMU hosts on this machine to play with, and a spec of them; see Lab/qemu/README.md
lab: packages-lab
	$(SWIFT_BUILD) --product virtform
	Lab/guest/image.sh $(GUEST)
	Lab/qemu/lab.sh up 3
	Lab/qemu/lab.sh status
	@echo "Three hosts, and a spec of them with one guest, which is yours to change:"
	@echo "  $(VIRTFORM) apply .lab/hosts/spec"
	@echo "  $(VIRTFORM) hosts .lab/hosts/spec"
	@echo "What may happen to hosts, and the end of it:"
	@echo "  Lab/qemu/lab.sh kill rack1     and start, freeze, thaw, cut, heal, crash"
	@echo "  make lab-down"

## lab-down: ends the lab with its guests; their disks stay in .lab/hosts
lab-down:
	Lab/qemu/lab.sh down

## lab-xen: a Xen host on this machine to play with; see Lab/xen/README.md
lab-xen: packages-lab-xen
	$(SWIFT_BUILD) --product virtform
	Lab/guest/build.sh $(GUEST)
	Lab/xen/lab.sh up
	Lab/xen/lab.sh status
	@echo "The quickstart on it:"
	@echo "  export VIRTFORM_URI=$$(Lab/xen/lab.sh uri)"
	@echo "  $(VIRTFORM) apply examples/quickstart"
	@echo "  $(VIRTFORM) console web-1 examples/quickstart"
	@echo "The end of it, with all that is on it:"
	@echo "  make lab-xen-down"

## lab-xen-down: ends the Xen host, and removes what it had
lab-xen-down:
	Lab/xen/lab.sh down

## test: everything, the fast parts first
test: packages-test lint libvirt-corpus yaml-test-suite fast-test guest
	VIRTFORM_STRICT=1 swift test --skip-build --filter SoakTests
	VIRTFORM_STRICT=1 Lab/with-daemon.sh swift test --skip-build --filter DaemonTests
	VIRTFORM_STRICT=1 Lab/with-switch.sh swift test --skip-build --filter SwitchTests
	VIRTFORM_STRICT=1 swift test --skip-build --filter EndToEndTests --skip XenTests
	$(MAKE) --no-print-directory run-xen-tests
	$(MAKE) --no-print-directory check-deb

## test-xen: the tests of a Xen host, which is emulated
test-xen: packages-test guest
	VIRTFORM_STRICT=1 $(SWIFT_BUILD) --build-tests
	$(MAKE) --no-print-directory run-xen-tests

# By themselves: Xen gives what plugs devices in 40 seconds, which is not much where all is emulated.
run-xen-tests: xen-image
	VIRTFORM_STRICT=1 swift test --skip-build --filter XenTests

fast-test:
	VIRTFORM_STRICT=1 $(SWIFT_BUILD) --build-tests
	VIRTFORM_STRICT=1 swift test --skip-build --skip EndToEndTests --skip DaemonTests --skip SoakTests

## torture: every fault that tests know of, everywhere, and docs/reliability.md of it; hours. FILTER=CallTortureTests and the like for a part
torture: packages-test libvirt-corpus yaml-test-suite guest
	VIRTFORM_STRICT=1 $(SWIFT_BUILD) --build-tests
	$(SWIFT_BUILD) --configuration release --scratch-path $(FAULTS) -Xswiftc -DVIRTFORM_FAULTS --product virtform
	$(TORTURE) swift test --skip-build --filter '$(FILTER)' --skip 'DaemonTests|SwitchTests|XenTests|SoakTests'
	@[[ ! SoakTests =~ $(FILTER) ]] || $(TORTURE) swift test --skip-build --filter SoakTests
	@[[ ! sanitize =~ $(FILTER) ]] || VIRTFORM_TALLIES=$(TORTURE_TALLIES) $(MAKE) --no-print-directory sanitize
	VIRTFORM_WRITE_DOCS=1 VIRTFORM_TALLIES=$(TORTURE_TALLIES) swift test --skip-build --filter ReliabilityPageTests

## sanitize: the tests that need no guests, under the compiler's sanitizers; SANITIZER=address or thread for one of them
sanitize: packages-test libvirt-corpus yaml-test-suite
	for kind in $(SANITIZER); do Lab/sanitize.sh $$kind; done

## bench: how fast virtform is beside programs that make only the unavoidable calls of libvirt, and how good and fast
## placements are; many minutes. BENCH="plan life" measures only that.
bench: packages-test
	for product in virtform floor slow-link estate-bench placement-bench; do \
		$(RELEASE_BUILD) --product $$product; \
	done
	.build/release/estate-bench $(BENCH)
	@[[ -n "$(BENCH)" ]] || .build/release/placement-bench

## fuzz: looks for inputs that break readers: TARGET=yaml, or each in turn; SECONDS=60 each; see Fuzzing/README.md
TARGET := yaml spec xml plan uri import
SECONDS := 60
fuzz: packages-build
	VIRTFORM_FUZZ=1 $(SWIFT_BUILD) --configuration release --scratch-path .build/fuzz --product virtform-fuzz
	for target in $(TARGET); do Fuzzing/fuzz.sh .build/fuzz/release/virtform-fuzz "$$target" $(SECONDS); done

## docs: the pages that are written from the sources
docs:
	$(SWIFT_BUILD) --build-tests
	VIRTFORM_WRITE_DOCS=1 swift test --skip-build --filter 'FieldReferenceTests|LanguageTests|ConsolidationTests'

## deb: a Debian package in .build/deb
deb: packages-deb
	Packaging/build-deb.sh .build/deb

## check-deb: a package of what is built for tests installs and runs in a clean Debian
check-deb: packages-deb
	VIRTFORM_STRICT=1 $(SWIFT_BUILD) --build-tests
	rm -rf .build/deb-check
	VIRTFORM_STRICT=1 Packaging/build-deb.sh .build/deb-check debug
	Packaging/check-deb.sh .build/deb-check/*.deb

## lint: the format that .swift-format describes, and shell scripts
lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks Fuzzing
	shellcheck --external-sources Fuzzing/*.sh Lab/*.sh Lab/guest/*.sh Lab/debian/*.sh Lab/qemu/*.sh Lab/xen/*.sh Packaging/*.sh

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks Fuzzing

guest:
	Lab/guest/image.sh $(GUEST)
	Lab/debian/image.sh $(DEBIAN)
	Lab/qemu/sshd.sh .lab/sshd >/dev/null

## libvirt-corpus: the documents of libvirt's own tests, which imports are tried on
libvirt-corpus:
	@Lab/libvirt-corpus.sh .lab/libvirt

## yaml-test-suite: the cases of the YAML test suite, which the reader is tried on
yaml-test-suite:
	@Lab/yaml-test-suite.sh .lab/yaml-test-suite

xen-image:
	@if ((EUID)); then echo "Building the Xen host takes root: its tests will be skipped"; else Lab/xen/image.sh $(XEN); fi

packages-build packages-run packages-lab packages-lab-xen packages-test packages-deb:
	@Lab/packages.sh $(@:packages-%=%)
