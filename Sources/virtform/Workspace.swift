import Applier
import FoundationEssentials
import Libvirt
import Planner
import SpecModel

/// A spec and the hosts it is about, opened and read.
struct Workspace {
  let site: Site
  let fleet: Fleet
  let states: [HostState]
  private let options: SpecOptions

  /// Opens and reads all hosts; if one cannot be reached, says so and ends the command.
  static func open(_ options: SpecOptions, access: Connection.Access) async throws -> Workspace {
    let site = try options.load()
    let embedded = EmbeddedLibvirt(environment: ProcessInfo.processInfo.environment)
    do {
      let fleet = try await Fleet.open(site, access: access, embedded: embedded)
      return Workspace(site: site, fleet: fleet, states: try await fleet.inspect(site), options: options)
    } catch {
      throw unreachable(error, site, options)
    }
  }

  /// Says which hosts cannot be worked with.
  private static func unreachable(_ failure: Fleet.Failure, _ site: Site, _ options: SpecOptions)
    -> ExitStatus
  {
    options.report(
      failure.hosts.map { host in
        Diagnostic(
          .error, host.description, at: site.origins.location(of: SpecPath("hosts.\(host.host).uri")))
      })
    return .failure
  }

  /// The same with what the hosts have now.
  func refreshed() async throws -> Workspace {
    do {
      return Workspace(site: site, fleet: fleet, states: try await fleet.inspect(site), options: options)
    } catch {
      throw Self.unreachable(error, site, options)
    }
  }

  /// The plan for `goal`; if there is none, says why and ends the command.
  func plan(_ planning: SitePlanner.Options) async throws -> Plan {
    do {
      let images = planning.goal == .converge ? try await ImageReader.contents(of: site) : [:]
      return try SitePlanner.plan(site, hosts: states, images: images, options: planning)
    } catch let failure as ImageReader.Failure {
      options.report(failure.diagnostics)
      await fleet.close()
      throw ExitStatus.invalidSpec
    } catch let failure as SitePlanner.Failure {
      options.report(failure.diagnostics)
      await fleet.close()
      throw ExitStatus.failure
    }
  }
}
