import Glibc
import Testing

@testable import SpecModel

@Suite struct LoadingTests {
  /// The findings of loading a path, with the directory's path left out.
  private func messages(_ directory: TemporaryDirectory, _ name: String = "") -> [String] {
    let spec = MarkedSpec("")
    return SpecLoader(environment: [:]).load(directory.path + name).diagnostics.map {
      spec.text(of: $0).replacing(directory.path, with: "DIR")
    }
  }

  @Test("the yaml and yml files of a directory are one spec, in whatever file a section stands")
  func directory() throws {
    let directory = try TemporaryDirectory(texts: [
      "a.yaml": "virtform: 1\nstack: shop\nvms:\n",
      "b.yml": "virtform: 1\nstack: shop\nvms: {w: {memory: 1GiB}}\n",
      "c.yaml": "vms: {x: {memory: 1GiB}}\nprofiles:\n", "d.yaml": "# nothing\n", "e.txt": "no: [yaml",
      ".hidden.yaml": "no: [yaml",
    ])
    for path in [directory.path, directory.path + "/"] {
      let result = SpecLoader(environment: [:]).load(path)
      #expect(result.diagnostics == [])
      #expect(result.site?.machines.map(\.name.rawValue) == ["w", "x"])
      #expect(
        result.sources.map { $0.path.replacing(directory.path, with: "") } == [
          "/a.yaml", "/b.yml", "/c.yaml", "/d.yaml",
        ])
    }
  }

  @Test("the same name in two files is an error that shows both")
  func sameName() {
    let spec = MarkedSpec(files: [
      "a.yaml": "virtform: 1\nstack: 1️⃣shop\nvms:\n  2️⃣w: {memory: 1GiB}\n".replacing("1️⃣", with: "").replacing(
        "stack", with: "1️⃣stack"),
      "b.yaml": "3️⃣stack: other\nvms:\n  4️⃣w: {memory: 2GiB}\n  v: {memory: 1GiB}\n",
      "c.yaml": "vms: {5️⃣v: {memory: 1GiB}}\n6️⃣virtform: [1]\n",
    ])
    let found = spec.load().diagnostics.map(spec.text)
    #expect(
      found == [
        "3️⃣ 'stack' is set twice | 1️⃣ it is set here first",
        "4️⃣ 'vms.w' is defined twice | 2️⃣ it is defined here first",
        "5️⃣ 'vms.v' is defined twice | b.yaml:4:3 it is defined here first",
        "6️⃣ 'virtform' is set twice | a.yaml:1:1 it is set here first",
      ])
  }

  @Test(
    "an error in one file of a directory is reported there, and syntax errors of all files before all else")
  func errorsInFiles() {
    let spec = MarkedSpec(files: ["a.yaml": "stack: 1️⃣@\n", "b.yaml": "vms: 2️⃣]\n", "c.yaml": "unknown: 1\n"])
    #expect(spec.load().diagnostics.map { spec.place($0.location) } == ["1️⃣", "2️⃣"])
    let other = MarkedSpec(files: ["a.yaml": header, "b.yaml": "vms: {1️⃣w: {}}\n"])
    #expect(other.load().diagnostics.map { other.place($0.location) } == ["1️⃣"])
  }

  @Test("an empty spec lacks everything at its first line")
  func empty() throws {
    for text in ["", "# x\n", "~\n"] {
      #expect(
        findings(text).map { String($0.prefix(25)) } == [
          "site.yaml:1:1 'virtform' ", "site.yaml:1:1 'stack' is ",
        ])
    }
    let directory = try TemporaryDirectory(texts: ["b.yaml": "", "a.yaml": ""])
    #expect(messages(directory).map { $0.prefix(16) } == ["DIR/a.yaml:1:1 '", "DIR/a.yaml:1:1 '"])
  }

  @Test("a spec that is not there, or that cannot be read, says so")
  func unreadable() throws {
    let directory = try TemporaryDirectory(["latin.yaml": Array("stack: ".utf8) + [0xe9, 0x0a]])
    let help = "help: name a YAML file or a directory that holds some"
    #expect(messages(directory, "/none") == ["- no spec at 'DIR/none' | \(help)"])
    #expect(
      messages(directory, "/latin.yaml") == [
        "- 'DIR/latin.yaml' is not UTF-8 text | help: convert it, such as with iconv -t UTF-8"
      ])
    let empty = try TemporaryDirectory(texts: ["x.txt": ""])
    #expect(messages(empty) == ["- no *.yaml file in 'DIR' | \(help)"])
  }

  @Test("only regular files of a directory and of variables are read, so that nothing waits or never ends")
  func specialFiles() throws {
    let directory = try TemporaryDirectory(texts: [
      "s.yaml": header + "variables: {a: {file: /dev/zero}, b: {file: pipe}, c: {file: /tmp}}\n"
    ])
    mkfifo(directory.path + "/pipe", 0o600)
    #expect(
      messages(directory).map { $0.split(separator: " ", maxSplits: 1)[1] } == [
        "'/dev/zero' is not a file", "'DIR/pipe' is not a file", "'/tmp' is not a file",
      ])
    mkfifo(directory.path + "/t.yaml", 0o600)
    #expect(messages(directory) == ["- 'DIR/t.yaml' is not a file"])
    let image = findings(in: "images: {i: {source: 1️⃣\(directory.path)/pipe, format: raw}}\n")
    #expect(image.count == 1 && image[0].hasPrefix("1️⃣ cannot read the image"))
  }

  @Test("what the user names may be a pipe")
  func pipe() throws {
    var ends: [Int32] = [0, 0]
    #expect(Glibc.pipe(&ends) == 0)
    let bytes = Array((header + "vms: {w: {memory: 1GiB}}\n").utf8)
    #expect(write(ends[1], bytes, bytes.count) == bytes.count)
    close(ends[1])
    defer { close(ends[0]) }
    #expect(SpecLoader(environment: [:]).load("/dev/fd/\(ends[0])").site?.machines.count == 1)
  }

  @Test("paths in a spec are relative to the file they stand in")
  func relativePaths() {
    for (path, file, expected) in [
      ("a", "site.yaml", "a"), ("./a", "site.yaml", "./a"), ("a", "dir/site.yaml", "dir/a"),
      ("./a", "dir/site.yaml", "dir/a"),
      ("../a", "dir/site.yaml", "dir/../a"), ("/a", "dir/site.yaml", "/a"), ("a", "/site.yaml", "/a"),
    ] {
      #expect(VariableTable.resolve(path, besides: file) == expected)
    }
  }

  @Test("an image beside a profile's file is found from there")
  func relativeImage() throws {
    let directory = try TemporaryDirectory(["disk.raw": [1]])
    try directory.write("s.yaml", Array((header + "images: {i: {source: ./disk.raw}}\n").utf8))
    #expect(messages(directory) == [])
    #expect(
      SpecLoader(environment: [:]).load(directory.path).site?.images[0].source.description == directory.path
        + "/disk.raw")
  }
}
