/// How a guest's CPU is run on QEMU hosts.
public enum Accelerator: String, CaseIterable, Sendable {
  /// KVM where the host has it, else emulation.
  case auto
  case kvm
  /// Emulation by QEMU itself.
  case tcg
}
