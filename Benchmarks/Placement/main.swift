import Placement

#if canImport(Glibc)
  import Glibc
#endif

/// Measures how near to the lower bound consolidation comes, by class of instances, and how long large sites take. With an
/// argument only classes whose name begins with it; with a second so many instances of each.
let arguments = CommandLine.arguments.dropFirst()
let prefix = arguments.first ?? ""
let instances = arguments.dropFirst().first.flatMap { Int($0) } ?? 20

var rows: [QualityRow] = []
print(QualityRow.heading)
for kind in InstanceClass.all where kind.name.hasPrefix(prefix) {
  let row = QualityRow(kind, instances: instances)
  rows.append(row)
  print(row)
  fflush(nil)
}
if !rows.isEmpty {
  let mean = rows.map(\.gap).reduce(0, +) / Double(rows.count)
  print("Mean of all classes: \(percent(mean)) above the lower bound.\n")
}
if prefix.isEmpty || prefix == "site" { Site.measure() }
