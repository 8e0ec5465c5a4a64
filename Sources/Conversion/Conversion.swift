/// Turns descriptions of machines in other tools' words into libvirt's documents.
///
/// Nothing is lost silently: what is not carried and not known to be meaningless is told in the estate's notes.
public enum Conversion {
  /// What a source can be.
  public enum Kind: String, CaseIterable, Sendable {
    /// `terraform.tfstate`, version 4.
    case terraformState
    /// The output of `terraform show -json`.
    case terraformJSON
    /// `*.tf.json`.
    case terraformConfiguration
    case kcliPlan
    /// `metadata.json` of vagrant-libvirt, or a `.box` with one in it.
    case vagrantBox
    case ova
    case ovf
    case vmx
    /// `xl.cfg`, and `xm.cfg` as far as that has nothing but assignments.
    case xlConfig

    /// What a person calls it.
    public var title: String {
      switch self {
      case .terraformState: "a Terraform state"
      case .terraformJSON: "the output of terraform show -json"
      case .terraformConfiguration: "a Terraform configuration in JSON"
      case .kcliPlan: "a kcli plan"
      case .vagrantBox: "a box of vagrant-libvirt"
      case .ova: "an OVA"
      case .ovf: "an OVF descriptor"
      case .vmx: "a VMX file"
      case .xlConfig: "a configuration of Xen's xl"
      }
    }
  }

  /// Gives the file of a path that a source names; nil if there is none that can be read.
  public typealias Neighbours = @Sendable (_ path: String) -> SourceFile?

  /// What `file` is, by its content first and its ending second; nil if it is none of those that are known.
  public static func kind(of file: SourceFile) -> Kind? { KindDetection(file).kind }

  /// Reads `file` as what it is.
  ///
  /// - Parameters:
  ///   - kind: nil to find out.
  ///   - neighbours: opens files that the source names and that say more of its disks: manifests of OVF descriptors and
  ///     the heads of VMDK files. Nothing else is read.
  /// - Throws: what makes the source unreadable as a whole; whatever else is wrong becomes a note.
  public static func convert(
    _ file: SourceFile, as kind: Kind? = nil,
    neighbours: @escaping Neighbours = { try? SourceFile(opening: $0) }
  ) throws(ConversionError) -> ConvertedEstate {
    guard let kind = kind ?? Self.kind(of: file) else {
      throw ConversionError(
        file.path, "is nothing that can be converted",
        help: "known are " + Kind.allCases.map(\.title).joined(separator: ", "))
    }
    let estate = EstateBuilder(file, neighbours: neighbours)
    switch kind {
    case .terraformState: try TerraformState(estate).convert()
    case .terraformJSON: try TerraformShow(estate).convert()
    case .terraformConfiguration: try TerraformConfiguration(estate).convert()
    case .kcliPlan: try KcliPlan(estate).convert()
    case .vagrantBox: try VagrantBox(estate).convert()
    case .ova: try OVA(estate).convert()
    case .ovf: try OVA(estate).convertDescriptor()
    case .vmx: try VMXMachine(estate).convert()
    case .xlConfig: try XLMachine(estate).convert()
    }
    return try estate.finished()
  }
}
