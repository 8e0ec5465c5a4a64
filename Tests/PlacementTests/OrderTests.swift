import Testing

@testable import Placement

@Suite("Order of moves")
struct OrderTests {
  private func problem(_ capacities: [UInt64], _ machines: [(demand: UInt64, host: Int?)]) -> PlacementProblem
  {
    PlacementProblem(
      resources: ["memory"],
      hosts: capacities.enumerated().map { PlacementHost(name: "host-\($0)", capacity: [$1]) },
      machines: machines.enumerated().map { index, machine in
        PlacementMachine(
          name: "m\(index)", demand: [machine.demand], current: machine.host, moveCost: machine.demand)
      })
  }

  @Test("moves wait for the room that others leave, and for nothing else")
  func chain() {
    let chain = problem([4, 8, 8], [(4, 0), (6, 1), (2, 2), (1, nil)])
    #expect(
      chain.order(to: [1, 2, 2, 0])
        == .sequence([
          OrderedMove(machine: 1, from: 1, to: 2), OrderedMove(machine: 0, from: 0, to: 1, waitsFor: [0]),
          OrderedMove(machine: 3, from: nil, to: 0, waitsFor: [1]),
        ]))
  }

  @Test("two that change places go over a third host")
  func swap() {
    #expect(
      problem([4, 4, 4], [(4, 0), (3, 1)]).order(to: [1, 0])
        == .sequence([
          OrderedMove(machine: 1, from: 1, to: 2, isDetour: true),
          OrderedMove(machine: 0, from: 0, to: 1, waitsFor: [0]),
          OrderedMove(machine: 1, from: 2, to: 0, waitsFor: [0, 1]),
        ]))
  }

  @Test("without a third host they wait for each other until one is stopped")
  func deadlock() {
    #expect(
      problem([4, 4, 2], [(4, 0), (3, 1), (1, 2)]).order(to: [1, 0, 2])
        == .deadlock(moves: [], machines: [0, 1], stopping: 1))
  }

  @Test("machines that avoid each other do not meet on the way")
  func avoid() {
    var apart = problem([9, 9, 9], [(1, 0), (1, 1)])
    apart.rules = [.avoid("apart", [0, 1])]
    #expect(
      apart.order(to: [1, 2])
        == .sequence([
          OrderedMove(machine: 1, from: 1, to: 2), OrderedMove(machine: 0, from: 0, to: 1, waitsFor: [0]),
        ]))
    apart.hosts.removeLast()
    #expect(
      apart.order(to: [1, 0])
        == .sequence([
          OrderedMove(machine: 0, from: 0, to: 1, breaksMeanwhile: 0),
          OrderedMove(machine: 1, from: 1, to: 0, waitsFor: [0]),
        ]))
  }
}
