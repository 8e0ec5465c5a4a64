import Testing

@testable import Placement

@Suite("Converge")
struct ConvergeTests {}
