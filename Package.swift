// swift-tools-version: 6.2
import PackageDescription

/// `VIRTFORM_STRICT=1`, which `make test` sets, makes every warning an error.
let strictness: [SwiftSetting] =
  Context.environment["VIRTFORM_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]

/// `VIRTFORM_FUZZ=1`, which `make fuzz` sets, adds what libFuzzer needs, and the program that runs it.
let isFuzzing = Context.environment["VIRTFORM_FUZZ"] != nil
let instrumentation = SwiftSetting.unsafeFlags(["-sanitize=fuzzer"])

/// `public import` says which dependency a module shows to its users; all other imports stay inside.
let settings: [SwiftSetting] =
  [.enableUpcomingFeature("InternalImportsByDefault")] + strictness + (isFuzzing ? [instrumentation] : [])

let fuzzer = Target.executableTarget(
  name: "virtform-fuzz", dependencies: ["FuzzTargets"], path: "Fuzzing/Fuzzer", swiftSettings: settings,
  // The linker that Swift takes by itself fails on what the sanitizer makes.
  linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])

/// What the loader need not do when the program starts. Swift's static runtime has everything exported, which nobody looks up by
/// name; and 64,000 relative relocations are packed, which takes glibc 2.36 and a linker that can.
let quickStart = LinkerSetting.unsafeFlags(
  [
    "-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker", "--no-export-dynamic",
  ],
  .when(configuration: .release))

/// Faults of calls that tests ask for, which nobody else is to have.
let faults: [SwiftSetting] = [.define("VIRTFORM_FAULTS", .when(configuration: .debug))]

let package = Package(
  name: "virtform",
  products: [.executable(name: "virtform", targets: ["virtform"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CLibvirt", pkgConfig: "libvirt", providers: [.apt(["libvirt-dev"])]),
    .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-gnutls-dev"])]),

    .target(name: "SpecModel", dependencies: ["CYAML"], exclude: ["README.md"], swiftSettings: settings),
    .target(
      name: "CloudInit", dependencies: ["SpecModel", .product(name: "Crypto", package: "swift-crypto")],
      exclude: ["README.md"], swiftSettings: settings),
    .target(
      name: "Planner",
      dependencies: [
        "CloudInit", "Placement", "SpecModel", .product(name: "Crypto", package: "swift-crypto"),
      ],
      exclude: ["README.md"], swiftSettings: settings),
    .target(
      name: "Libvirt", dependencies: ["CLibvirt", "CLibXML2"], exclude: ["README.md"],
      swiftSettings: settings + faults),
    .target(name: "Downloads", dependencies: ["CCurl"], exclude: ["README.md"], swiftSettings: settings),
    .target(
      name: "Applier",
      dependencies: [
        "Planner", "CloudInit", "Downloads", "Libvirt", "SpecModel",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ], exclude: ["README.md"], swiftSettings: settings),
    .target(
      name: "Conversion", dependencies: ["Libvirt", "SpecModel"], exclude: ["README.md"],
      swiftSettings: settings),
    .target(
      name: "Import", dependencies: ["Planner", "SpecModel"], exclude: ["README.md"], swiftSettings: settings),
    .target(
      name: "Reports", dependencies: ["Applier", "Planner", "SpecModel"], exclude: ["README.md"],
      swiftSettings: settings),
    .target(name: "Placement", exclude: ["README.md"], swiftSettings: settings),
    .executableTarget(
      name: "placement-bench", dependencies: ["Placement"], path: "Benchmarks/Placement",
      swiftSettings: settings),
    .executableTarget(
      name: "estate-bench", dependencies: ["Libvirt", "TestLab"], path: "Benchmarks/Estate",
      swiftSettings: settings),
    .executableTarget(name: "floor", dependencies: ["CLibvirt"], path: "Benchmarks/Floor"),
    .executableTarget(name: "slow-link", path: "Benchmarks/Link"),
    .executableTarget(
      name: "virtform",
      dependencies: [
        "Applier", "Conversion", "Import", "Planner", "Libvirt", "Reports", "SpecModel",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ], swiftSettings: settings, linkerSettings: [quickStart]),

    .target(
      name: "FuzzTargets", dependencies: ["Conversion", "Libvirt", "Planner", "SpecModel"],
      path: "Fuzzing/Targets", swiftSettings: settings),
    .testTarget(
      name: "FuzzingTests", dependencies: ["FuzzTargets", "TestLab"], swiftSettings: settings),

    .testTarget(name: "SpecModelTests", dependencies: ["SpecModel"], swiftSettings: settings),
    .testTarget(name: "CloudInitTests", dependencies: ["CloudInit", "SpecModel"], swiftSettings: settings),
    .testTarget(name: "PlacementTests", dependencies: ["Placement"], swiftSettings: settings),
    .testTarget(name: "PlannerTests", dependencies: ["Planner", "SpecModel"], swiftSettings: settings),
    .testTarget(
      name: "ImportTests", dependencies: ["Import", "Applier", "Planner", "Libvirt", "SpecModel", "TestLab"],
      swiftSettings: strictness),
    .testTarget(
      name: "ReportsTests", dependencies: ["Reports", "Applier", "Planner", "SpecModel", "TestLab"],
      swiftSettings: settings),
    .testTarget(
      name: "ConversionTests", dependencies: ["Conversion", "Libvirt", "SpecModel"], swiftSettings: settings),
    .testTarget(name: "LibvirtTests", dependencies: ["Libvirt"], swiftSettings: strictness + faults),
    .testTarget(
      name: "ApplierTests",
      dependencies: ["Applier", "Planner", "CloudInit", "Libvirt", "SpecModel", "TestLab"],
      swiftSettings: strictness),
    .testTarget(
      name: "DownloadsTests", dependencies: ["Downloads", "TestLab"], swiftSettings: settings),
    .target(
      name: "TestLab", dependencies: ["Libvirt", .product(name: "Subprocess", package: "swift-subprocess")],
      path: "Tests/TestLab", swiftSettings: settings),
    .testTarget(
      name: "EndToEndTests", dependencies: ["TestLab", "Libvirt", "SpecModel", "virtform"],
      swiftSettings: settings),
  ] + (isFuzzing ? [fuzzer] : []),
  swiftLanguageModes: [.v6]
)
