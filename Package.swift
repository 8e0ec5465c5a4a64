// swift-tools-version: 6.1
import PackageDescription

/// `public import` says which dependency a module shows to its users; all other imports stay inside.
let settings: [SwiftSetting] = [.enableUpcomingFeature("InternalImportsByDefault")]

let package = Package(
  name: "virtform",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: [
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .target(
      name: "SpecModel", dependencies: ["CYAML"], swiftSettings: settings),
    .target(
      name: "Planner",
      dependencies: ["SpecModel", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
