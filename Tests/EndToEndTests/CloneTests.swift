import FoundationEssentials
import Libvirt
import TestLab
import Testing

/// Disks that are made from images, and images that are in use, with the real binary and a real libvirt.
extension QEMUTests {
  /// A VM that is off, so that nothing but its disks matters.
  private func clones(_ image: String, _ root: String = "{}", also: [String: [String: String]] = [:])
    -> SiteText
  {
    var site = SiteText("clones")
    site.images = ["base": "{source: \(image), format: qcow2}"]
    site.vms = [
      "web": [
        "accel": "tcg", "memory": "96MiB", "state": "off", "image": "base",
        "disks": "{root: \(root), data: {size: 8MiB}}",
        "on_image_change": "replace",
      ]
    ].merging(also) { first, _ in first }
    return site
  }

  private func shell(_ guests: Guests, _ script: String, place: SourceLocation = #_sourceLocation)
    async throws -> String
  {
    let outcome = try await Lab.run("/bin/sh", ["-ec", script], in: guests.lab.work)
    #expect(outcome.status == 0, "\(script): \(outcome.output)\(outcome.errors)", sourceLocation: place)
    return outcome.output
  }

  /// The directory of the default pool.
  private func images(_ guests: Guests) async throws -> String {
    let pool = try XMLElement(parsing: try await guests.lab.virsh("pool-dumpxml", "default"))
    return try #require(pool.at("target", "path")?.text)
  }

  /// An image of 16 MiB with `text` in it.
  private func makeImage(_ name: String, _ text: String, _ guests: Guests) async throws {
    _ = try await shell(
      guests,
      "printf '%s' '\(text)' > raw; truncate -s 16M raw; qemu-img convert -q -f raw -O qcow2 raw \(name)")
  }

  private func file(_ start: String, _ guests: Guests) async throws -> String {
    let volumes = try await guests.lab.virsh("vol-list", "default").split(separator: "\n")
    let files = volumes.compactMap { $0.split(separator: " ").last }.map(String.init)
    return try #require(
      files.first { $0.contains("/\(start)") && !$0.hasSuffix(".copied") }, "no \(start) in \(files)")
  }

  private func content(_ format: String, _ path: String, _ guests: Guests) async throws -> String {
    try await shell(
      guests,
      "qemu-img dd -U -f \(format) -O raw bs=512 count=1 if=\(path) of=head; tr -d '\\0' < head; rm head")
  }

  @Test(
    "a full clone is a sparse copy of its image, grown and in the wanted format", arguments: ["qcow2", "raw"])
  func fullClone(_ format: String) async throws {
    try await Guests.inLab { guests in
      try await makeImage("image.qcow2", "first", guests)
      let site = clones("image.qcow2", "{size: 64MiB, clone: full, format: \(format)}")
      try await guests.apply(site)
      let path = try await file("web.root", guests)
      let info = try await shell(guests, "qemu-img info -f \(format) \(path)")
      #expect(info.contains("virtual size: 64 MiB") && !info.contains("backing file"), "\(info)")
      #expect(try await content(format, path, guests) == "first")
      let blocks = try await shell(guests, "stat -c %b \(path)")
      #expect(Int(blocks.filter(\.isNumber)).map { $0 * 512 < 8 << 20 } == true, "\(blocks) blocks")
      #expect(try await shell(guests, "stat -c %a \(path)") == "600\n")

      // Its image may change; the disk stays, and all of it goes in the end.
      try await makeImage("image.qcow2", "second", guests)
      let refused = try await guests.run("plan")
      #expect(
        refused.status == 7
          && refused.errors.contains("on_image_change: replace destroys the content of disk.web.root"))
      let before = try await guests.lab.virsh("domuuid", "web")
      let data = try await file("web.data", guests)
      _ = try await shell(
        guests, "printf kept | dd of=\(data) bs=1 seek=65536 conv=notrunc status=none; cksum \(data) > sum")
      let apply = try await guests.run([
        "apply", guests.path, "--auto-approve", "--allow-data-loss-of", "disk.web.root",
      ])
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      #expect(
        apply.output.contains("-/+ disk.web.root  (data loss)  # on_image_change: replace"), "\(apply.output)"
      )
      try await guests.expectQuiet()
      #expect(try await content(format, path, guests) == "second")
      #expect(try await shell(guests, "cksum \(data)") == (try await shell(guests, "cat sum")))
      #expect(try await guests.lab.virsh("domuuid", "web") == before)
      let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
      #expect(destroy.status == 0, "\(destroy.output)\(destroy.errors)")
      #expect(try await guests.lab.virsh("vol-list", "default").filter { !$0.isWhitespace }.isEmpty)
    }
  }

  @Test(
    "a copy that is cut off by kill -9 of virtform and of libvirt never passes for whole, and the next run makes it"
  )
  func interruptedCopy() async throws {
    try await Guests.inLab { guests in
      // Random bytes, so many that the copy takes a moment.
      _ = try await shell(
        guests, "head -c 400M /dev/urandom > raw; qemu-img convert -q -f raw -O qcow2 raw image.qcow2; rm raw"
      )
      let site = clones("image.qcow2", "{clone: full, format: raw}")
      try guests.write(site)
      let directory = try await images(guests)
      // Ends virtform as soon as the copy is there, and then the daemon with whatever copies.
      let killed = try await Lab.run(
        "/bin/sh",
        [
          "-c",
          """
          setsid \(Lab.binary) apply site.yaml --auto-approve > log 2>&1 & run=$!
          until ls \(directory)/web.root-*.raw > /dev/null 2>&1; do kill -0 $run || exit 9; done
          kill -9 $run
          daemon=$(cat \(guests.lab.home)/libvirtd.pid)
          copiers=$(ps -o pid= --ppid "$daemon")
          kill -9 "$daemon" $copiers
          ls \(directory)
          """,
        ], in: guests.lab.work, environment: ["VIRTFORM_HOME": guests.lab.home])
      try #require(killed.status == 0, "\(killed.output)\(killed.errors)")
      #expect(killed.output.contains(".copying") && killed.output.contains("web.root"), "\(killed.output)")

      let plan = try await guests.run("plan")
      #expect(
        plan.output.contains("+ disk.web.root  # its last copy was cut off"), "\(plan.output)\(plan.errors)")
      let apply = try await guests.run("apply", "--auto-approve")
      #expect(apply.status == 0, "\(apply.output)\(apply.errors)")
      let quiet = try await guests.run("plan", "--detailed-exitcode")
      #expect(quiet.status == 0, "\(quiet.output)\(quiet.errors)")
      let files = try await shell(guests, "ls \(directory)")
      #expect(!files.contains(".copying"), "\(files)")
      _ = try await shell(
        guests, "qemu-img compare -q -f raw -F qcow2 \(directory)/web.root-*.raw image.qcow2")
    }
  }

  @Test(
    "an image stays for as long as anything in its pool is backed by it, be it a person's or unknown to libvirt yet"
  )
  func imageInUse() async throws {
    try await Guests.inLab { guests in
      try await makeImage("image.qcow2", "first", guests)
      try await guests.apply(clones("image.qcow2"))
      let image = try await file("base-", guests)
      let directory = try await images(guests)
      let name = image.split(separator: "/").last ?? ""
      // A person's overlay, by a relative path, that libvirt has not been told of.
      _ = try await shell(
        guests, "cd \(directory) && qemu-img create -q -f qcow2 -b \(name) -F qcow2 mine.qcow2")
      var none = SiteText("clones")
      none.images = [:]
      try guests.write(none)
      let refused = try await guests.run("apply", "--auto-approve", "--allow-data-loss")
      #expect(refused.status == 5, "\(refused.output)\(refused.errors)")
      #expect(
        refused.output.contains("the volume 'mine.qcow2' is a clone of it"),
        "\(refused.output)\(refused.errors)")
      #expect(try await content("qcow2", "\(directory)/mine.qcow2", guests) == "first")

      // By now libvirt knows, and so does the plan.
      #expect(try await guests.expectQuiet().contains("No changes"))
      let destroy = try await guests.run("destroy", "--auto-approve", "--allow-data-loss")
      #expect(destroy.output.contains("stays at \(image): something that stays uses it"), "\(destroy.output)")
      #expect(try await content("qcow2", "\(directory)/mine.qcow2", guests) == "first")
      _ = try await guests.lab.virsh("vol-delete", "mine.qcow2", "--pool", "default")
      let last = try await guests.run("apply", "--auto-approve")
      #expect(last.status == 0 && last.output.contains("- image.base-"), "\(last.output)\(last.errors)")
      #expect(try await guests.lab.virsh("vol-list", "default").filter { !$0.isWhitespace }.isEmpty)
    }
  }

  @Test("a running guest is stopped for its new disk and started with it")
  func replacedDisk() async throws {
    try await Guests.inLab { guests in
      try await makeImage("image.qcow2", "first", guests)
      func site() -> SiteText {
        var site = clones("image.qcow2")
        site.images.merge(SiteText("").images) { first, _ in first }
        site.vms = ["web": SiteText.guest("web", ["image": "base", "on_image_change": "replace"])]
        return site
      }
      try await guests.apply(site())
      let before = try await guests.lab.virsh("domuuid", "web")
      try await makeImage("image.qcow2", "second", guests)
      let output = try await guests.apply(site(), "--allow-data-loss", "--force-shutdown")
      #expect(output.contains("1 guest restarts, 1 replacement, DATA LOSS on 1 disk"), "\(output)")
      #expect(try await guests.lab.virsh("domstate", "web").hasPrefix("running"))
      #expect(try await guests.lab.virsh("domuuid", "web") == before)
      #expect(try await content("qcow2", try await file("web.root", guests), guests) == "second")
      let images = try await guests.lab.virsh("vol-list", "default").split(separator: "\n").filter {
        $0.contains("base-")
      }
      #expect(images.count == 1, "\(images)")
    }
  }
}
