/// Elements of OVF descriptors that say nothing of a machine elsewhere: texts for people, and how VMware keeps it.
enum OVFKeys {
  private static let meaningless: Set<String> = [
    "Info", "Caption", "Description", "ElementName", "InstanceID", "InstanceId", "Category", "Label",
    "AutomaticDeallocation", "PoolID", "MappingBehavior", "ConsumerVisibility", "Address", "AddressOnParent",
    "AllocationUnits", "VirtualQuantityUnits",
  ]

  /// What VMware keeps with a machine and with its devices.
  private static let meaninglessConfig: Set<String> = [
    "cpuHotAddEnabled", "cpuHotRemoveEnabled", "memoryHotAddEnabled", "powerOpInfo.powerOffType",
    "powerOpInfo.resetType", "powerOpInfo.suspendType", "powerOpInfo.standbyAction", "tools.afterPowerOn",
    "tools.afterResume", "tools.beforeGuestShutdown", "tools.beforeGuestStandby", "tools.beforeGuestReboot",
    "tools.syncTimeWithHost", "tools.toolsUpgradePolicy", "tools.syncTimeWithHostAllowed",
    "slotInfo.pciSlotNumber",
    "wakeOnLanEnabled", "connectable.allowGuestControl", "nestedHVEnabled", "virtualICH7MPresent",
    "virtualSMCPresent", "videoRamSizeInKB", "useAutoDetect", "enable3DSupport", "use3dRenderer",
    "graphicsMemorySizeInKB", "flags.vbsEnabled", "flags.vvtdEnabled", "uptCompatibilityEnabled",
    "backing.writeThrough",
    "connectable.startConnected", "ehciEnabled", "key", "migrateEncryption", "ftEncryptionMode",
    "simultaneousThreads",
    "allowUnrestrictedCommunication", "cpuAllocation.shares.level", "memoryAllocation.shares.level",
    "numaInfo.autoCoresPerNumaNode", "numaInfo.coresPerNumaNode", "pmemFailoverEnabled",
  ]

  static func ignoreMeaningless(in element: OVFElement) {
    for child in element.children {
      if meaningless.contains(child.name) || isMeaninglessConfig(child) || isDefault(child) {
        child.ignore()
      } else {
        ignoreMeaningless(in: child)
      }
    }
  }

  private static func isMeaninglessConfig(_ element: OVFElement) -> Bool {
    guard element.name == "Config" || element.name == "ExtraConfig", let key = element.peek("key") else {
      return false
    }
    if element.name == "Config" { return meaninglessConfig.contains(key) }
    return key.hasPrefix("svga.") || key.hasPrefix("tools.") || key.hasPrefix("virtualHW.")
      || key.hasPrefix("pciBridge")
      || key.hasPrefix("hpet0.") || key == "nvram" || key.hasPrefix("sched.")
  }

  /// Empty license texts and headings.
  private static func isDefault(_ element: OVFElement) -> Bool {
    ["NetworkSection", "DiskSection", "References"].contains(element.name)
      && element.children.allSatisfy { $0.name == "Info" }
  }
}
