import Glibc
import Libvirt
import TestLab

/// Measures virtform beside programs that make only the unavoidable calls of libvirt, on private daemons.
///
///   estate-bench [NAME...]     the scenarios whose names begin so; all of them without names
///
/// VF_BENCH_RUNS says how often each is measured; 5 times without it.
let names = CommandLine.arguments.dropFirst()
let runs = getenv("VF_BENCH_RUNS").flatMap { Int(String(cString: $0)) } ?? 5
print(Row.heading)
do {
  for scenario in Scenario.all where names.isEmpty || names.contains(where: scenario.name.hasPrefix) {
    try await scenario.run(runs) { row in
      print(row.line)
      fflush(nil)
    }
  }
} catch {
  print("estate-bench: \(error)")
  fflush(nil)
  exit(1)
}
