import TestLab
import Testing

extension HostLabTests.MigrationTests {
  /// The digest of no bytes.
  private static let nothing = "d41d8cd98f00b204e9800998ecf8427e"
  private static let variables = "/var/lib/libvirt/qemu/nvram/web_VARS.fd"

  /// What a host has of a VM beside its disks: the mark in its UEFI variables, and the digest of what its TPM holds.
  private func ownState(_ lab: HostLab, _ host: String) async throws -> String {
    try await lab.run(
      on: host, "sh", "-c",
      "tail -c +500001 \(Self.variables) | head -c 5; cat /var/lib/libvirt/swtpm/*/tpm2/tpm2-00.permall | md5sum"
    )
  }

  @Test(
    "UEFI variables and what a TPM holds move with a VM, in every state and every way",
    .enabled(if: Lab.hasTPM, "needs swtpm and swtpm-tools"))
  func firmware() async throws {
    try await HostLab.with(hosts: 2) { lab in
      var estate = Estate(lab: lab)
      estate.fields = [
        "host": "rack1", "pool": "local", "disks": "{data: {size: 16MiB}}", "memory": "256MiB", "tpm": "true",
        "firmware": "uefi", "state": "paused",
        // Its power button is pressed while the firmware begins, after which a guest now and then does not hear it any more.
        "shutdown": "{force: true}",
      ]
      try await estate.apply()
      estate.fields["state"] = "off"
      try await estate.apply()
      try await lab.run(
        on: "rack1", "sh", "-c", "printf magic | dd of=\(Self.variables) bs=1 seek=500000 conv=notrunc")
      let held = try await ownState(lab, "rack1")
      #expect(held.hasPrefix("magic"))
      func move(to host: String, _ power: String, _ terms: String? = nil, _ arrival: String? = nil)
        async throws
      {
        estate.fields.merge(["host": host, "state": power]) { $1 }
        estate.fields["migration"] = terms
        estate.hostFields = arrival.map { [host: $0] } ?? [:]
        try await estate.apply()
        #expect(try await estate.places() == [host: power == "off" ? "shut off" : power])
        // A guest that boots writes into its TPM.
        let state = try await ownState(lab, host)
        #expect(
          state == held || power != "off" && state.hasPrefix("magic") && !state.contains(Self.nothing),
          "\(state)")
        let left = try await lab.run(
          on: host == "rack1" ? "rack2" : "rack1", "sh", "-c",
          "ls /var/lib/libvirt/qemu/nvram; find /var/lib/libvirt/swtpm -type f -name '*.permall'")
        #expect(left == "")
      }
      try await move(to: "rack2", "off")
      estate.fields["state"] = "running"
      try await estate.apply()
      try await move(to: "rack1", "running", "{converge: auto-converge, connections: 2}")
      try await move(
        to: "rack2", "running", "{converge: post-copy, downtime: 100ms, bandwidth: 64MiB}",
        "migration: {tls: true}")
      try await move(to: "rack1", "running", nil, "migration: {uri: \"qemu+tls://rack1/system\"}")
      estate.fields["state"] = "paused"
      try await estate.apply()
      try await move(to: "rack2", "paused", "{converge: post-copy}")
      // QEMU would crash, and what the guest has in memory would be lost.
      estate.fields["host"] = "rack1"
      try estate.write()
      let refused = try await lab.virtform("apply", "site.yaml", "--auto-approve")
      #expect(
        refused.status != 0
          && refused.errors.contains("cannot move to 'rack1': it was moved while it was paused"),
        "\(refused.output)\(refused.errors)")
      estate.fields.merge(["host": "rack2", "state": "running"]) { $1 }
      try await estate.apply()
      try await move(to: "rack1", "running")
    }
  }
}
