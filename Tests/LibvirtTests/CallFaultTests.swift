#if VIRTFORM_FAULTS
  import FoundationEssentials
  import Testing

  @testable import Libvirt

  /// The faults that tests ask for by the environment.
  @Suite("Faults of calls") struct CallFaultTests {
    private func error(_ body: () throws -> Void) -> LibvirtError? {
      do {
        try body()
        return nil
      } catch {
        return error as? LibvirtError
      }
    }

    @Test("a fault is a kind and a number, and may go on")
    func parsing() {
      #expect(
        CallFault(parsing: "denied:12").map { ($0.kind, $0.first, $0.goesOn) } ?? (.lost, 0, true) == (
          .denied, 12, false
        ))
      #expect(CallFault(parsing: "kill-before:1+")?.goesOn == true)
      for text in ["", "denied", "denied:", "denied:0", "denied:+", "denied:-1", "nothing:1", "denied:1:2"] {
        #expect(CallFault(parsing: text) == nil, "\(text)")
      }
    }

    @Test(
      "one call fails without being made, and the next one is made",
      arguments: [
        ("transient", LibvirtError.Code.operationTimeout), ("denied", .operationDenied),
        ("full", .systemError),
      ])
    func once(fault: String, code: LibvirtError.Code) throws {
      let faults = CallFaults(CallFault(parsing: "\(fault):2"))
      let link = CallFaults.Link()
      var made: [String] = []
      let errors = ["virOne", "virTwo", "virThree"].map { name in
        error { try faults.befall(name, .changes, on: link) { made.append(name) } }
      }
      #expect(made == ["virOne", "virThree"])
      #expect(errors.map { $0?.code } == [nil, code, nil])
      #expect(errors[1]?.call == "virTwo" && errors[1]?.isConnectionFailure == false)
      #expect(errors[1]?.isTransient(for: .changes) == (fault == "transient"))
    }

    @Test("a connection that is lost stays lost, with the call done or not; another one is none the worse")
    func lost() throws {
      for (fault, expected) in [("lost", ["virOther"]), ("unanswered", ["virOne", "virOther"])] {
        let faults = CallFaults(CallFault(parsing: "\(fault):1"))
        let (link, other) = (CallFaults.Link(), CallFaults.Link())
        var made: [String] = []
        let errors = [("virOne", link), ("virTwo", link), ("virOther", other)].map { name, link in
          error { try faults.befall(name, .changes, on: link) { made.append(name) } }
        }
        #expect(made == expected)
        #expect(errors.map { $0?.isConnectionFailure } == [true, true, nil])
      }
    }

    @Test("a fault that goes on befalls every call from its first one on")
    func goesOn() throws {
      let faults = CallFaults(CallFault(parsing: "full:2+"))
      let errors = (1...4).map { _ in error { try faults.befall("virCall", .reads, on: CallFaults.Link()) {} }
      }
      #expect(errors.map { $0 == nil } == [true, false, false, false])
    }

    @Test("the log has each call before it is made, and what befell it")
    func log() throws {
      let path = "/tmp/virtform-calls-\(UInt32.random(in: 0...UInt32.max))"
      defer { try? FileManager.default.removeItem(atPath: path) }
      let faults = CallFaults(CallFault(parsing: "denied:2"), log: path)
      for effect in [CallEffect.reads, .changes] {
        _ = error { try faults.befall("virCall", effect, on: CallFaults.Link()) {} }
      }
      #expect(
        try String(contentsOfFile: path, encoding: .utf8) == "1 reads virCall\n2 changes virCall denied\n")
    }
  }
#endif
