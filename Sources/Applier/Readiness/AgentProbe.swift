import Libvirt

/// True when the guest's agent answers.
struct AgentProbe: Probe {
  let domain: Domain

  func look() async throws -> Sighting {
    do {
      _ = try await domain.agentCommand(#"{"execute":"guest-ping"}"#)
      return .ready
    } catch let error as LibvirtError {
      return .notYet(error.message)
    }
  }
}
