import Testing

@testable import SpecModel

@Suite("The names of a spec")
struct SpecNamesTests {
  private static func names(_ text: String) throws -> SpecNames {
    let directory = try TemporaryDirectory(texts: ["site.yaml": text])
    return SpecLoader(environment: [:]).names(directory.path)
  }

  @Test("all that is declared has its name, and a count has those of its VMs")
  func all() throws {
    let names = try Self.names(
      header + """
        variables: {domain: {default: a}}
        pools: {b: {path: /b}, a: {path: /a}}
        networks: {lan: {mode: user}}
        firewalls: {web: {in: any}}
        disks: {data: {size: 1GiB, pool: a}}
        vms:
          web: {count: 2, memory: 1GiB, pool: a, disks: {root: {size: 1GiB}, shared: {disk: data}}}
          db: {memory: 1GiB}
        outputs: {host: "${vms.db.host}"}
        """)
    #expect(names.hosts.map(\.rawValue) == ["local"])
    #expect(names.pools.map(\.rawValue) == ["a", "b"])
    #expect(names.networks.map(\.rawValue) == ["lan"] && names.firewalls.map(\.rawValue) == ["web"])
    #expect(names.disks.map(\.rawValue) == ["data"] && names.images == [])
    #expect(names.machines.map(\.rawValue) == ["db", "web-1", "web-2"])
    #expect(names.machineDisks == ["web-1.root", "web-2.root"])
    #expect(names.outputs.map(\.rawValue) == ["host"] && names.variables.map(\.rawValue) == ["domain"])
  }

  @Test("what is in error has its name all the same")
  func faulty() throws {
    let names = try Self.names(
      "pools: {a: {type: 5}}\nvms: {web: {count: 2, memroy: 1}, db: }\nnonsense: 1\n")
    #expect(names.pools.map(\.rawValue) == ["a"])
    #expect(names.machines.map(\.rawValue).contains("db") && names.machines.map(\.rawValue).contains("web-1"))
  }

  @Test("what is no YAML, or is not there, has none")
  func unreadable() throws {
    #expect(try Self.names("vms: {web: [\n").machines == [])
    #expect(SpecLoader(environment: [:]).names("/nowhere").machines == [])
  }
}
