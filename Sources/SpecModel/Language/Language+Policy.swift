extension Language {
  static let policy = LanguageObject(
    "policy", "Limits on what a plan may do. Files of the run can have further ones.",
    [
      LanguageField(
        "data_loss",
        .choice(
          DataLossPolicy.self,
          [.forbid: "never, whatever consents", .consent: "with consent, as without a policy"]),
        "Whether the content of a disk or a TPM may go.", default: .value("consent")),
      LanguageField(
        "max_changes", .integer(PolicyDecoder.anyCount),
        "The most objects that are added, changed, replaced, removed or let go.", default: .words("no limit"),
        example: "50"),
      LanguageField(
        "max_removals", .integer(PolicyDecoder.anyCount), "The most objects that are removed.",
        default: .words("no limit"), example: "5"),
      LanguageField(
        "max_replacements", .integer(PolicyDecoder.anyCount), "The most VMs that are made anew.",
        default: .words("no limit"), example: "0"),
      LanguageField(
        "max_restarts", .integer(PolicyDecoder.anyCount), "The most guests that are restarted.",
        default: .words("no limit"), example: "3"),
      LanguageField(
        "restart_window", .oneOrMore(.object(restartWindow)), "When guests may be restarted.",
        default: .words("always"),
        example: "{days: [sat, sun], from: \"22:00\", to: \"05:00\", zone: Europe/Berlin}"),
      LanguageField(
        "overcommit", .object(overcommit),
        "The most that the VMs on a host may have together, relative to what it has.",
        default: .words("no limit"), example: "{cpus: 4, memory: 1.5}"),
      LanguageField(
        "survive", .words("1 host", "2 hosts"),
        "How many hosts may fail at once such that their VMs find a place on the others.",
        default: .words("none"), example: "1 host"),
      LanguageField(
        "required_labels", .list(.name), "Labels of the VMs that the plan makes or changes.",
        example: "[owner]"),
      LanguageField(
        "required_fields", .oneOrMore(.choice(PolicyField.self)),
        "Keys of the VMs that the plan makes or changes.", example: "[groups]"),
    ])

  private static let restartWindow = LanguageObject(
    "restart-window", "A time of the week in which guests may be restarted.",
    [
      LanguageField(
        "days", .oneOrMore(.choice(Weekday.self)), "The days on which it begins.",
        default: .words("every day"),
        example: "[sat, sun]"),
      LanguageField(
        "from", .form(.clock), "When it begins.", required: .sometimes("with to"),
        default: .words("whole days"), example: "\"22:00\""),
      LanguageField(
        "to", .form(.clock), "When it ends, on the day after if that is not later than its beginning.",
        required: .sometimes("with from"), default: .words("whole days"), example: "\"05:00\""),
      LanguageField(
        "zone", .form(.zone), "The time zone that it is in.", default: .value("UTC"),
        example: "Europe/Berlin"),
    ])

  private static let overcommit = LanguageObject(
    "overcommit", "How much more VMs may have than their host.",
    [
      LanguageField("cpus", .form(.ratio), "vCPUs for each of the host's CPUs.", example: "4"),
      LanguageField("memory", .form(.ratio), "Memory for each byte of the host's.", example: "1.5"),
    ])
}
