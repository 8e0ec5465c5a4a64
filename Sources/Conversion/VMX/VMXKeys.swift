/// Keys of VMX files that say nothing of a machine elsewhere: how VMware's programs keep and show it, and hardware that
/// VMware's machines have and that others have anyway.
enum VMXKeys {
  private static let meaninglessPrefixes = [
    ".encoding", "config.version", "virtualhw.", "pcibridge", "vmci", "toolscripts.", "tools.",
    "toolsinstallmanager.", "messagebus.", "migrate.", "replay.", "vmotion.", "monitor.", "powertype.",
    "gui.",
    "unity.", "checkpoint.", "isolation.", "svga.", "mks.", "vc.uuid", "uuid.location", "uuid.action",
    "hpet0.",
    "numa.autosize", "hostcpuid.", "guestcpuid.", "usercpuid.", "evccompatibilitymode", "cleanshutdown",
    "softpoweroff",
    "sched.swap.", "sched.cpu.units", "sched.cpu.latencysensitivity", "extendedconfigfile", "vm.createdate",
    "viv.moid", "vmxstats.", "policy.vm", "usb.present", "usb.generic", "usb.vbluetooth", "usb_xhci.present",
    "ehci.present", "proxyapps.", "workingdir", "snapshot.", "log.", "logging", "debugstub.",
    "disk.enableuuid",
    "guestinfo.detailed", "guestinfo.vmtools", "sharedvmx", "featurecompat.", "vmx.allownested",
    "deploymentplatform", "chipset.onlinestandby", "guestosaltname", "memallowautoscaledown", "memtrimrate",
    "buslogic.",
    "disable_acceleration", "invmteam", "guest.commands.",
  ]

  private static let meaninglessSuffixes = [
    ".pcislotnumber", ".saswwid", ".redo", ".wakeonpcktrcv", ".uptcompatibility", ".ctkenabled",
    ".allowguestconnectioncontrol", ".linkstatepropagation.enable", ".startconnected", ".autodetect",
    ".pvnid",
  ]

  static func ignoreMeaningless(in file: VMXFile) {
    ignoreOwnDevices(in: file)
    for entry in file.entries {
      let key = entry.key.lowercased()
      let isMeaningless =
        meaninglessPrefixes.contains { key.hasPrefix($0) }
        || meaninglessSuffixes.contains { key.hasSuffix($0) }
        || isDefault(key, entry.value.lowercased())
      if isMeaningless { entry.isRead = true }
    }
  }

  /// Hubs, mice and keyboards that VMware plugs in itself.
  private static func ignoreOwnDevices(in file: VMXFile) {
    for bus in ["usb:", "usb_xhci:"] {
      for number in file.numbers(bus) {
        let type = file.entry("\(bus)\(number).deviceType")?.value.lowercased()
        if type.map(["hub", "hid", "mouse", "keyboard"].contains) ?? false {
          file.ignore(prefix: "\(bus)\(number).")
        }
      }
    }
  }

  /// Entries with values that mean nothing out of the ordinary.
  private static func isDefault(_ key: String, _ value: String) -> Bool {
    switch key {
    case "sched.cpu.min": value == "0"
    case "sched.mem.min", "sched.mem.minsize": value == "0"
    case "sched.cpu.max": value == "-1" || value == "unlimited"
    case "sched.mem.pin", "vhv.enable", "vpmc.enable", "mem.hotadd", "vcpu.hotadd": value == "false"
    default:
      value.isEmpty || key.hasSuffix(".shares") && value == "normal"
        || key.hasSuffix(".throughputcap") && value == "off" || key.hasSuffix(".present") && value == "false"
    }
  }
}
