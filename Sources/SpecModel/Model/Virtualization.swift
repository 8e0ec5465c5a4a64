/// How a guest is virtualized. QEMU knows `hvm` alone; what a Xen host runs depends on its processors.
public enum Virtualization: String, CaseIterable, Sendable {
  /// The guest's kernel calls Xen, which needs nothing of the processor.
  case pv
  /// The processor virtualizes, and the guest's kernel calls Xen for all devices.
  case pvh
  /// The processor virtualizes a whole machine, with firmware and devices that QEMU emulates.
  case hvm
}
