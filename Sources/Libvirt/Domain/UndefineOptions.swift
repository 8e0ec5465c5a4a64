internal import CLibvirt

/// What goes with a domain's definition, or stays (`virDomainUndefineFlagsValues`). Drivers differ in what
/// they accept.
public struct UndefineOptions: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// Removes the saved state of the guest.
  public static let managedSave = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_MANAGED_SAVE.rawValue)
  /// Removes what libvirt knows of snapshots; their content stays in the disks.
  public static let snapshotsMetadata = UndefineOptions(
    rawValue: VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA.rawValue)
  /// Removes the file with the firmware's variables.
  public static let nvram = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_NVRAM.rawValue)
  public static let keepNVRAM = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_KEEP_NVRAM.rawValue)
  public static let checkpointsMetadata = UndefineOptions(
    rawValue: VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA.rawValue)
  /// Removes the state of the emulated TPM.
  public static let tpm = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_TPM.rawValue)
  public static let keepTPM = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_KEEP_TPM.rawValue)
}
