import FoundationEssentials
import Libvirt
import TestLab
import Testing

/// Real guests under emulation, on networks that virtform makes.
@Suite(
  "Real guests", .serialized,
  .enabled(if: Lab.hasQEMU, "needs root, libvirtd, QEMU, and the guest that Lab/guest/image.sh makes"))
final class QEMUTests {
  func expectQuiet(_ lab: Lab, _ site: String, _ place: SourceLocation = #_sourceLocation)
    async throws
  {
    let calls = try await lab.calls {
      let plan = try await lab.virtform("plan", site, "--detailed-exitcode")
      #expect(plan.status == 0, "\(plan.output)\(plan.errors)", sourceLocation: place)
      #expect(plan.output.hasPrefix("No changes."), sourceLocation: place)
    }
    #expect(Lab.mutating(calls).isEmpty, sourceLocation: place)
  }
}
