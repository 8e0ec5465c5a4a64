import FoundationEssentials
import SpecModel

/// What the guest is told to become.
struct UserData {
  let text: String

  init(_ spec: CloudInitSpec) {
    var config = Self.config(spec)
    var documents: [String] = []
    for part in spec.parts {
      switch part {
      case .config(let values): config = Self.merge(config, values)
      case .document(let text): documents.append(text)
      }
    }
    let own = "#cloud-config\n" + ConfigText.of(.map(config))
    if documents.isEmpty {
      text = own
    } else if config.isEmpty, documents.count == 1 {
      text = documents[0]
    } else {
      text = Self.multipart(documents, own: config.isEmpty ? nil : own)
    }
  }

  // MARK: cloud-config

  /// What the words of the spec come to (<https://cloudinit.readthedocs.io/en/latest/reference/modules.html>).
  private static func config(_ spec: CloudInitSpec) -> [String: StructuredValue] {
    var config: [String: StructuredValue] = [:]
    if let fqdn = spec.fqdn {
      config["fqdn"] = .string(fqdn)
      config["hostname"] = .string(spec.hostname)
    }
    if !spec.sshKeys.isEmpty { config["ssh_authorized_keys"] = strings(spec.sshKeys) }
    if !spec.users.isEmpty {
      // A list of users replaces the image's own one, which the keys above are for.
      config["users"] = .list((spec.sshKeys.isEmpty ? [] : [.string("default")]) + spec.users.map(user))
    }
    if !spec.packages.isEmpty {
      config["packages"] = strings(spec.packages)
      config["package_update"] = .bool(true)
    }
    if !spec.files.isEmpty { config["write_files"] = .list(spec.files.map(file)) }
    if !spec.commands.isEmpty { config["runcmd"] = .list(spec.commands) }
    return config
  }

  private static func user(_ user: CloudInitSpec.User) -> StructuredValue {
    var fields: [String: StructuredValue] = ["name": .string(user.name)]
    if !user.sshKeys.isEmpty { fields["ssh_authorized_keys"] = strings(user.sshKeys) }
    if let sudo = user.sudo { fields["sudo"] = .string(sudo) }
    // Without a word cloud-init leaves it to useradd, which gives /bin/sh.
    fields["shell"] = .string(user.shell ?? "/bin/bash")
    if !user.groups.isEmpty { fields["groups"] = strings(user.groups) }
    fields["lock_passwd"] = .bool(user.password == nil)
    switch user.password {
    case .hash(let hash): fields["passwd"] = .string(hash)
    case .text(let text): fields["plain_text_passwd"] = .string(text)
    case nil: break
    }
    return .map(fields)
  }

  private static func file(_ file: CloudInitSpec.File) -> StructuredValue {
    var fields: [String: StructuredValue] = ["path": .string(file.path)]
    if let text = String(validating: file.content, as: UTF8.self) {
      fields["content"] = .string(text)
    } else {
      fields["content"] = .string(Data(file.content).base64EncodedString())
      fields["encoding"] = .string("b64")
    }
    if let mode = file.mode { fields["permissions"] = .string(mode) }
    if let owner = file.owner {
      fields["owner"] = .string(owner)
      // Its owner may be one of the users, who are made after the other files are written.
      if !owner.hasPrefix("root") { fields["defer"] = .bool(true) }
    }
    return .map(fields)
  }

  private static func strings(_ texts: [String]) -> StructuredValue {
    .list(texts.map(StructuredValue.string))
  }

  /// Maps are merged, lists are appended, everything else is replaced.
  private static func merge(
    _ under: [String: StructuredValue], _ over: [String: StructuredValue]
  ) -> [String: StructuredValue] {
    under.merging(over) { old, new in
      switch (old, new) {
      case (.map(let old), .map(let new)): .map(merge(old, new))
      case (.list(let old), .list(let new)): .list(old + new)
      default: new
      }
    }
  }

  // MARK: Parts

  /// Several documents as one (RFC 2046, section 5.1). cloud-init tells the kind of each by its first line.
  ///
  /// - Parameter own: what the spec says in its own words. It comes last and adds to what the documents say.
  private static func multipart(_ documents: [String], own: String?) -> String {
    // No line of base64 begins as it does, with two dashes.
    let boundary = "virtform"
    var text = "Content-Type: multipart/mixed; boundary=\"\(boundary)\"\nMIME-Version: 1.0\n\n"
    let parts =
      documents.map { ($0, "") }
      + (own.map { [($0, "Merge-Type: list(append)+dict(no_replace,recurse_array)+str()\n")] } ?? [])
    for (part, header) in parts {
      text += "--\(boundary)\nContent-Type: text/plain; charset=\"utf-8\"\nMIME-Version: 1.0\n"
      text += "Content-Transfer-Encoding: base64\n\(header)\n"
      text += Data(part.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
      text += "\n"
    }
    return text + "--\(boundary)--\n"
  }
}
