import SpecModel

/// True when a GET at one of the guest's addresses is answered with the status. Redirections are not followed.
struct HTTPProbe: Probe {
  let endpoint: ReadinessProbe.Endpoint
  let path: String
  let status: Int
  let places: GuestPlaces

  func look() async throws -> Sighting {
    let addresses = await places.addresses(for: endpoint.place)
    var sights: [String] = []
    for address in addresses {
      do {
        let answer = try await Self.status(of: path, at: address, port: endpoint.port)
        if answer == status { return .ready }
        sights.append("\(address): status \(answer)")
      } catch {
        sights.append("\(address): \(error)")
      }
    }
    return .notYet(addresses.isEmpty ? "no address is known yet" : sights.joined(separator: "; "))
  }

  /// The status of the answer to a GET. Nothing but the first line of the answer is read (RFC 9112, 4).
  static func status(of path: String, at address: String, port: Int) async throws -> Int {
    let host = address.contains(":") ? "[\(address)]" : address
    let request =
      "GET \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\nUser-Agent: virtform\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    return try await Socket.connecting(to: address, port: port) { socket throws(Socket.Failure) in
      try socket.send(Array(request.utf8))
      let line = try socket.receiveLine(upTo: 1024)
      let words = line.split(separator: " ", maxSplits: 2)
      guard words.count >= 2, words[0].hasPrefix("HTTP/"), let status = Int(words[1]) else {
        throw Socket.Failure(description: "the answer is no HTTP")
      }
      return status
    }
  }
}
