import SpecModel

/// Structured values as text that cloud-init reads. JSON is YAML, in all but a few characters.
enum ConfigText {
  /// The same for equal values: keys are sorted.
  static func of(_ value: StructuredValue) -> String {
    escaped(value.text) + "\n"
  }

  /// What JSON takes raw and YAML does not (<https://yaml.org/spec/1.1/#c-printable>) can stand only within quotes,
  /// where it can be escaped.
  private static func escaped(_ json: String) -> String {
    var text = String.UnicodeScalarView()
    for scalar in json.unicodeScalars {
      switch scalar.value {
      case 0x7f...0x9f, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff:
        let digits = String(scalar.value, radix: 16)
        text.append(
          contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".unicodeScalars)
      default: text.append(scalar)
      }
    }
    return String(text)
  }
}
