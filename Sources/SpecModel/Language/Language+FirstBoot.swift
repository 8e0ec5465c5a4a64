extension Language {
  static let cloudInit = LanguageObject(
    "cloud-init", "What cloud-init sets up in the guest at its first boot.", isLayered: true,
    [
      LanguageField(
        "hostname", .form(.hostName), "The guest's name.",
        default: .words("the first part of fqdn, or the VM's name"),
        example: "web"),
      LanguageField("fqdn", .form(.dnsName), "The guest's whole name.", example: "web.${var.domain}"),
      LanguageField(
        "ssh_keys", keys, "Public keys of the image's own user, written out or in files.",
        example: "[{file: ./admin.pub}]"),
      LanguageField(
        "users", .map(.object(user), by: .user), "Further users.",
        example: "{ann: {sudo: true, ssh_keys: [{file: ./ann.pub}]}}"),
      LanguageField("packages", .list(.text), "Packages to install.", example: "[nginx]"),
      LanguageField(
        "files", .map(.object(file), by: .guestPath), "Files to write, by their paths in the guest.",
        example: "{/etc/motd: {content: \"Welcome\\n\"}}"),
      LanguageField(
        "run", .list(.either([.text, .list(.text)])),
        "Commands to run: lines for a shell, or lists of words.",
        example: "[systemctl reload nginx, [touch, /var/lib/done]]"),
      LanguageField(
        "user_data",
        .either([.freeMap, .object(localFile), .text, .list(.either([.freeMap, .object(localFile), .text]))]),
        "Beyond these words: keys of cloud-config, a document of cloud-init's as it is, a file that holds one, or a list of them.",
        example: "{ntp: {enabled: true}}"),
      LanguageField("meta_data", .freeMap, "Further keys of the meta-data.", example: "{role: web}"),
      LanguageField(
        "network", .either([.words("auto", "none"), .object(localFile)]),
        "Who sets up the guest's network: `auto` as the NICs say, `none` as the image says, or a file of network config.",
        default: .value("auto"), example: "{file: ./network.yaml}"),
      LanguageField(
        "instance", .integer(1...Int.max), "Raised to have a guest that exists set up anew.", default: 1),
    ])

  private static let localFile = LanguageObject(
    "local-file", "A file of this machine.", isLayered: true,
    [
      LanguageField(
        "file", .form(.localPath),
        "Its path: relative to the spec's file, or below your home directory after `~/`.",
        required: .always, example: "~/.ssh/id_ed25519.pub")
    ])

  private static let keys = LanguageType.list(.either([.form(.publicKey), .object(localFile)]))

  private static let user = LanguageObject(
    "user", "A user of the guest.", isLayered: true,
    [
      LanguageField(
        "ssh_keys", keys, "Public keys, written out or in files.", example: "[{file: ./ann.pub}]"),
      LanguageField(
        "sudo", .either([.boolean, .line]),
        "`true` is everything without a password; a text is a rule as in sudoers.",
        default: false, example: "true"),
      LanguageField(
        "shell", .form(.guestPath), "The login shell.", default: .words("the guest's"), example: "/bin/bash"),
      LanguageField("groups", .list(.form(.user)), "Further groups.", example: "[adm]"),
      LanguageField(
        "password", .line, "A hash, as `mkpasswd` prints it, or a secret variable. No output shows it.",
        default: .words("none: nobody can log in with one"), example: "${var.password}"),
    ])

  private static let file = LanguageObject(
    "file", "A file that is written in the guest.", isLayered: true,
    [
      LanguageField(
        "content", .text, "What is in it.", required: .sometimes("without source"), example: "\"Welcome\\n\""),
      LanguageField(
        "source", .form(.localPath), "A file of this machine to copy.",
        required: .sometimes("without content"),
        example: "./setup.sh"),
      LanguageField(
        "mode", .form(.fileMode), "Its mode.", default: .words("0644, as cloud-init has it"), example: "0755"),
      LanguageField(
        "owner", .form(.owner), "Its owner.", default: .words("root:root, as cloud-init has it"),
        example: "root:adm"),
    ])

  static let ignition = LanguageObject(
    "ignition", "What Ignition sets up in the guest at its first boot.", isLayered: true,
    [
      LanguageField(
        "file", .form(.localPath), "A config in a file, as butane makes it.",
        required: .sometimes("without config, hostname and ssh_keys"), example: "./flatcar.ign"),
      LanguageField(
        "config", .freeMap, "A config of version 3, as its JSON has it.",
        example: "{ignition: {version: 3.4.0}}"),
      LanguageField("hostname", .form(.dnsName), "The guest's name.", example: "core"),
      LanguageField(
        "ssh_keys", keys, "Public keys of the user core, written out or in files.",
        example: "[{file: ./admin.pub}]"),
    ])
}
