/// `docs/reliability.md`: what tests of faults have tried, and what came of it.
public enum ReliabilityPage {
  /// What a row's numbers are of, by the heading that it stands under.
  private static let words = [
    "Calls": """
    A run is made to end at one of its calls of libvirt, in one of the ways in which a call can end. Then a run
    without faults follows. It survived if that run says it is done, the plan after it is empty, the hosts have the same domains,
    networks, pools, volumes and marks as after a run that nothing befell, what others made is as it was, and guests that had no
    reason to restart ran on.
    """,
    "Clocks": """
    A run whose clock is wrong, or jumps, and another one that wants its lock. It survived if no two runs changed the stack at once
    without one of them knowing it.
    """,
    "Hosts": """
    A host or its libvirtd fails in the midst of an apply, after one of its calls. It survived if the next apply on the mended host
    came to what the spec says, with all disks, and guests ran on unless the host itself went down.
    """,
    "Long runs": """
    Many cycles in one process. A cycle survived if it left no reference to libvirt's objects; all of them did if memory, descriptors
    and threads were as many at the end as after the first twenty.
    """,
    "Memory and threads":
      "Tests in a build that looks for wrong uses of memory, or for races. A test survived if none was reported.",
    "Migrations": """
    Something fails while a running guest with its disks moves from one host to the other. It survived if the next apply got it
    there, it ran on one host alone, it was never started anew, and its disks held what they held.
    """,
    "Operators": """
    Several runs want to change the same stack at once. It survived if one did the work and the others were told, or waited.
    """,
    "Hostile input":
      "Specs, plans and documents that are damaged or made to do harm. It survived if it was refused in words.",
    "Secrets":
      "Markers in every field that may be secret, looked for in all that comes out. It survived if none was found.",
    "Signatures":
      "Plans that nobody allowed has signed, or that were altered. It survived if they were refused.",
    "Verify":
      "Damage that was planted on a host. It survived if it was found, and mended where that loses nothing.",
  ]

  /// The page of tallies, which stand in the order of their headings and faults.
  ///
  /// - Parameters:
  ///   - date: when the tests ran, `2026-01-31`.
  ///   - versions: what they ran on, such as `libvirt 9.0.0`.
  public static func markdown(_ tallies: [FaultTally], date: String, versions: [String]) -> String {
    var text = """
      # Reliability

      What was tried to make virtform lose something, how often, and what came of it. `make torture` tries all of it, which takes hours, and writes
      this page; `make test` tries a sample. The numbers are those of the last run of each. *Lost* counts what nobody gave up and was gone
      afterwards: a disk, a guest, a mark, or a secret that got out.

      Last written on \(date), with \(versions.joined(separator: ", ")).

      """
    for (area, rows) in Dictionary(grouping: tallies, by: \.area).sorted(by: { $0.key < $1.key }) {
      text += "\n## \(area)\n"
      if let words = words[area] { text += "\(words)\n\n" }
      text += "| fault | tried | survived | lost | again |\n|---|---|---|---|---|\n"
      for row in rows.sorted(by: { $0.fault < $1.fault }) {
        text += "| \(row.fault) | \(row.tried) | \(row.survived) | \(row.lost) | `\(row.command)` |\n"
      }
    }
    return text
  }
}
