import TestLab
import Testing

/// Real guests that change while they run, restart, or leave the spec.
///
/// These run beside `QEMUTests`, one of each at a time: most of either's time is spent waiting for guests. Networks of the
/// one have other addresses and bridges than those of the other.
@Suite(
  "Guests that change", .serialized,
  .enabled(if: Lab.hasQEMU, "needs root, libvirtd, QEMU, and the guest that Lab/guest/image.sh makes"))
enum GuestChangeTests {}
