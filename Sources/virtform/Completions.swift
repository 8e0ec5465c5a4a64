import ArgumentParser
import FoundationEssentials
import Planner
import SpecModel

/// What a shell offers for a word: names of the spec that the command line is about.
///
/// A spec that is not there, or is in error, has the names that can be read. No host is asked, and nothing is printed.
enum Completions {
  static let machines = CompletionKind.custom { words, index, _ in
    names(words, index).machines.map(\.rawValue)
  }

  static let outputs = CompletionKind.custom { words, index, _ in names(words, index).outputs.map(\.rawValue)
  }

  /// `NAME=` of each variable.
  static let variables = CompletionKind.custom { words, index, _ in
    names(words, index).variables.map { "\($0)=" }
  }

  /// All that a plan may be about.
  static let addresses = CompletionKind.custom { words, index, _ in
    let names = names(words, index)
    return Address.Kind.allCases.flatMap { kind in
      let found: [String] =
        switch kind {
        case .pool: names.pools.map(\.rawValue)
        case .image: names.images.map(\.rawValue)
        case .disk: diskNames(names)
        case .firewall: names.firewalls.map(\.rawValue)
        case .network: names.networks.map(\.rawValue)
        case .vm: names.machines.map(\.rawValue)
        }
      return found.map { "\(kind.rawValue).\($0)" }
    }
  }

  static let machineAddresses = CompletionKind.custom { words, index, _ in
    names(words, index).machines.map { "\(Address.Kind.vm.rawValue).\($0)" }
  }

  static let diskAddresses = CompletionKind.custom { words, index, _ in
    diskNames(names(words, index)).map { "\(Address.Kind.disk.rawValue).\($0)" }
  }

  /// The keys of the language that go on from what is written.
  static let languagePaths = CompletionKind.custom { _, _, prefix in Language.completions(of: prefix) }

  /// The name of what `command` shows, or a spec.
  static let namedThings = CompletionKind.custom { words, index, _ in
    let names = names(words, index)
    return
      (words.dropFirst().first == OutputCommand.configuration.commandName ? names.outputs : names.machines)
      .map(\.rawValue)
  }

  private static func diskNames(_ names: SpecNames) -> [String] {
    names.disks.map(\.rawValue) + names.machineDisks
  }

  // MARK: The spec

  private static func names(_ words: [String], _ index: Int) -> SpecNames {
    let others = words.enumerated().filter { $0.offset > 1 && $0.offset != index }.map(\.element)
    let given = GivenVariables(
      assignments: values(of: "--var", others), files: values(of: "--var-file", others))
    return SpecLoader(environment: ProcessInfo.processInfo.environment, given: given).names(spec(others))
  }

  /// The spec that the words name: the last that is a YAML file or a directory, and no value of an option.
  private static func spec(_ words: [String]) -> String {
    let candidates = words.enumerated().filter { offset, word in
      !word.hasPrefix("-") && (offset == 0 || !words[offset - 1].hasPrefix("-"))
    }.map(\.element)
    return candidates.last { word in
      var isDirectory = false
      let isThere = FileManager.default.fileExists(atPath: word, isDirectory: &isDirectory)
      return isThere && (isDirectory || word.hasSuffix(".yaml") || word.hasSuffix(".yml"))
    } ?? "."
  }

  /// The values of an option that may be given again.
  private static func values(of option: String, _ words: [String]) -> [String] {
    words.enumerated().compactMap { offset, word in
      if word.hasPrefix(option + "=") { return String(word.dropFirst(option.count + 1)) }
      return offset > 0 && words[offset - 1] == option ? word : nil
    }
  }
}
