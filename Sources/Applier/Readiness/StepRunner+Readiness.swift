import Libvirt
import Planner
import SpecModel

extension StepRunner {
  /// Waits until all probes have come true. Whatever comes of it, nothing is stopped or changed.
  func awaitReady(_ wait: ReadinessWait) async throws {
    let domain = try await domain(wait.uuid)
    let console = GuestConsole(of: domain)
    let places = GuestPlaces(domain: domain, interfaces: wait.interfaces)
    let probes = wait.readiness.probes.map { probe -> (ReadinessProbe, any Probe) in
      switch probe {
      case .lease(let nic): (probe, LeaseProbe(nic: nic.rawValue, places: places))
      case .agent: (probe, AgentProbe(domain: domain))
      case .tcp(let endpoint): (probe, TCPProbe(endpoint: endpoint, places: places))
      case .http(let endpoint, let path, let status):
        (probe, HTTPProbe(endpoint: endpoint, path: path, status: status, places: places))
      case .console(let text): (probe, ConsoleProbe(text: text, console: console))
      case .cloudInit: (probe, CloudInitProbe(domain: domain, console: console))
      }
    }
    do {
      try await ReadinessWatch(timeout: wait.readiness.timeout, isActive: { try await domain.isActive() })
        .wait(for: probes)
    } catch {
      await console.close()
      throw error
    }
    await console.close()
  }
}
