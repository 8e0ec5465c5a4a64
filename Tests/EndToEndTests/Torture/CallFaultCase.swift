import FoundationEssentials
import TestLab

/// A fault and the number of the call that it befalls: what `VIRTFORM_FAULT` says.
struct CallFaultCase: Hashable, Sendable, CustomStringConvertible {
  /// What the fault layer of the Libvirt module can do to a call.
  enum Kind: String, CaseIterable, Sendable {
    case killBefore = "kill-before"
    case killAfter = "kill-after"
    case transient, lost, unanswered, denied, full

    var isKill: Bool { self == .killBefore || self == .killAfter }
  }

  let kind: Kind
  let number: Int
  /// Whether all later calls fail, too.
  var goesOn = false

  var description: String { "\(kind.rawValue):\(number)\(goesOn ? "+" : "")" }

  /// Every way in which a run can end, in words for the page of reliability.
  static let ways: [(kind: Kind, goesOn: Bool, words: String)] = [
    (.killBefore, false, "killed before a call"),
    (.killAfter, false, "killed after a call had returned, before anything was made of it"),
    (.transient, false, "a call refused for a reason that passes"),
    (.lost, false, "a connection lost before a call"),
    (.lost, true, "the host gone from a call on"),
    (.unanswered, false, "a connection lost after a call was carried out, before its answer"),
    (.denied, false, "a call not permitted"),
    (.denied, true, "no call permitted from one on"),
    (.full, false, "no space for a call"),
    (.full, true, "no space from a call on"),
  ]

  /// All faults of a run with so many calls, or a sample: of every kind, spread over the calls.
  ///
  /// - Parameters:
  ///   - sample: how many; nil for all.
  ///   - offset: where the sample begins, so that not all samples have the same.
  static func all(calls: Int, sample: Int? = nil, offset: Int = 0) -> [CallFaultCase] {
    guard let sample else {
      return (1...calls).flatMap { number in
        ways.map { CallFaultCase(kind: $0.kind, number: number, goesOn: $0.goesOn) }
      }
    }
    return (0..<sample).map { index in
      let way = ways[(index + offset) % ways.count]
      let number = 1 + (index * calls / sample + offset * 7) % calls
      return CallFaultCase(kind: way.kind, number: number, goesOn: way.goesOn)
    }
  }
}

extension CallFaultCase {
  /// What is wrong with how a run ended that the fault befell.
  ///
  /// - Parameter functions: the calls that it befell.
  func problems(of run: Lab.Outcome, _ functions: [String]) -> [String] {
    let text = run.output + run.errors
    if kind.isKill {
      return run.status == 137 || run.status == -9 ? [] : ["it was not killed but ended with \(run.status)"]
    }
    // What takes long is made once.
    let isLong = functions.contains {
      $0.hasPrefix("virDomainMigrate") || ["virStorageVolUpload", "virStorageVolCreateXMLFrom"].contains($0)
    }
    if kind == .transient, !isLong {
      return run.status == 0 && run.errors.contains("trying again")
        ? [] : ["it did not try again, and ended with \(run.status)"]
    }
    guard [0, 1, 5].contains(run.status) else { return ["it ended with \(run.status)"] }
    // Who fails says at what: a step or a host, and the call.
    let isNamed = functions.contains { text.contains("(\($0)") }
    if run.status != 0, !isNamed || !text.contains("error: ") && !text.contains("failed") {
      return ["it ended with \(run.status) and does not say at which call"]
    }
    return []
  }

  /// What it is, in the words of the page.
  var words: String {
    Self.ways.first { $0.kind == kind && $0.goesOn == goesOn }?.words ?? description
  }
}

/// The calls of a run, as `VIRTFORM_CALL_LOG` has them.
struct CallLog {
  /// The functions in the order in which they were called.
  let functions: [String]
  /// The functions that the fault befell.
  let befallen: [String]

  init(_ path: String) {
    let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    functions = lines.map { $0[2] }
    befallen = lines.filter { $0.count > 3 }.map { $0[2] }
  }
}
