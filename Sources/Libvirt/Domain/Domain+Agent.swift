internal import CLibvirt

extension Domain {
  /// Sends a command to the guest's agent and returns its answer, following `virDomainQemuAgentCommand`: JSON both ways
  /// (<https://qemu-project.gitlab.io/qemu/interop/qemu-ga-ref.html>). Refused on a read-only connection.
  ///
  /// - Parameter seconds: How long the agent has to answer.
  public func agentCommand(_ command: String, seconds: Int = 5) async throws -> String {
    try await call("virDomainQemuAgentCommand", .changes) { call, domain in
      try call.string(virDomainQemuAgentCommand(domain, command, Int32(clamping: seconds), 0))
    }
  }
}
