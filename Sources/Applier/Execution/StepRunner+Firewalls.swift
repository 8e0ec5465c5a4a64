import FoundationEssentials
import Libvirt
import Planner

extension StepRunner {
  func define(_ firewall: Firewall) async throws {
    _ = try await connection.defineNetworkFilter(FirewallDocument.definition(of: firewall))
  }

  func removeFirewall(_ uuid: UUID) async throws {
    try await connection.networkFilter(uuid: uuid)?.undefine()
  }
}
