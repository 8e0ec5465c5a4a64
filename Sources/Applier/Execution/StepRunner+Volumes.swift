import Libvirt
import Planner

/// Volumes whose path only their active pool says: the steps of a VM come after those of its pools.
extension StepRunner {
  /// The operation with the paths of all disks.
  func located(_ operation: Operation) async throws -> Operation {
    switch operation {
    case .defineMachine(var machine):
      machine.disks = try await concurrentlyThrowing(machine.disks) { try await located($0) }
      return .defineMachine(machine)
    case .updateMachine(var update):
      update.setDisks = try await concurrentlyThrowing(update.setDisks) { try await located($0) }
      update.devices = try await concurrentlyThrowing(update.devices) { try await located($0) }
      return .updateMachine(update)
    case .changeDevices(let uuid, let changes):
      return .changeDevices(
        uuid: uuid, try await concurrentlyThrowing(changes) { try await located($0) })
    default: return operation
    }
  }

  private func located(_ change: DeviceChange) async throws -> DeviceChange {
    if case .attachDisk(let disk) = change { .attachDisk(try await located(disk)) } else { change }
  }

  private func located(_ disk: Machine.Disk) async throws -> Machine.Disk {
    guard case .volume(let poolName, let name) = disk.access else { return disk }
    guard let volume = try await pool(named: poolName).volume(named: name) else {
      throw Failure(description: "the pool '\(poolName)' has no volume '\(name)'")
    }
    var disk = disk
    (disk.path, disk.access) = (try await volume.path(), .block)
    return disk
  }
}
