import SpecModel
import Testing

@testable import Planner

@Suite("Command lines of virsh")
struct VirshTests {
  @Test("they name the host's libvirt, as a word of a shell")
  func uri() {
    #expect(Virsh()("pool-start main") == "virsh pool-start main")
    #expect(
      Virsh(uri: "qemu+ssh://rack1/system")("net-start lan")
        == "virsh -c qemu+ssh://rack1/system net-start lan")
    #expect(
      Virsh(uri: "qemu+unix:///system?socket=/run/a")("start web")
        == "virsh -c 'qemu+unix:///system?socket=/run/a' start web")
  }

  @Test("hints of plans reach the host that they are about")
  func hint() throws {
    let scenario = try Scenario.applied(Specs.web)
    let site = try Scenario.site(Specs.web)
    var state = try #require(scenario.fleet.states(for: site).first)
    state.virsh = Virsh(uri: "qemu+ssh://rack1/system")
    let disk = try #require(state.machines.first?.disks.first)
    state.pools[0].volumes.removeAll { $0.path == disk.path }
    let notes = try SitePlanner.plan(site, hosts: [state], images: [:]).notes.map(\.text)
    #expect(
      notes == [
        "the file of its disk 'root' was deleted, and its content is lost once the guest stops; this saves it: "
          + "virsh -c qemu+ssh://rack1/system blockcopy web vda \(disk.path) --format qcow2 --transient-job --wait "
          + "--pivot && virsh -c qemu+ssh://rack1/system pool-refresh main"
      ])
  }
}
