import FoundationEssentials
import Libvirt

/// True when cloud-init is done: by its own word through the guest's agent, else by the line that it ends with on the console
/// (<https://cloudinit.readthedocs.io/en/latest/howto/status.html>).
struct CloudInitProbe: Probe {
  let domain: Domain
  let console: GuestConsole

  func look() async throws -> Sighting {
    // The console is looked at from the beginning: the line is there only once.
    let seen: String
    do {
      seen = try await console.text()
    } catch let error as LibvirtError {
      seen = ""
      if let status = try await agentStatus() { return Self.sighting(status) }
      return .notYet("no agent, and of the console: \(ConsoleProbe.words(error))")
    }
    if seen.contains(/Cloud-init v\. \S+ finished/) { return .ready }
    if let status = try await agentStatus() { return Self.sighting(status) }
    return .notYet("no agent; the console shows \(ConsoleProbe.last(of: seen))")
  }

  /// `status: done` and the like.
  static func sighting(_ status: String) -> Sighting {
    switch status {
    case "done": .ready
    case "error", "disabled": .never("cloud-init says: status: \(status)")
    default: .notYet("cloud-init says: status: \(status)")
    }
  }

  /// The word of `cloud-init status`; nil if no agent runs it.
  private func agentStatus() async throws -> String? {
    struct Started: Decodable { let pid: Int }
    struct Status: Decodable {
      let exited: Bool
      let output: String?
      enum CodingKeys: String, CodingKey {
        case exited
        case output = "out-data"
      }
    }
    let command =
      #"{"execute":"guest-exec","arguments":{"path":"cloud-init","arg":["status"],"capture-output":true}}"#
    guard let started: Started = try? await answer(to: command) else { return nil }
    for _ in 0..<20 {
      let question = #"{"execute":"guest-exec-status","arguments":{"pid":\#(started.pid)}}"#
      guard let status: Status = try? await answer(to: question) else { return nil }
      guard status.exited else {
        try await Task.sleep(for: .milliseconds(250))
        continue
      }
      return status.output.flatMap { Data(base64Encoded: $0) }.flatMap {
        Self.word(in: String(decoding: $0, as: UTF8.self))
      }
    }
    return nil
  }

  /// What stands after `status:` in what cloud-init prints, on whichever line.
  static func word(in output: String) -> String? {
    output.firstMatch(of: /status: *(.+)/).map { $0.1.filter { $0 != "\r" } }
  }

  private func answer<Value: Decodable>(to command: String) async throws -> Value {
    let text = try await domain.agentCommand(command)
    return try JSONDecoder().decode(AgentAnswer<Value>.self, from: Data(text.utf8)).return
  }
}

/// What the agent answers with.
private struct AgentAnswer<Content: Decodable>: Decodable {
  let `return`: Content
}
