import Libvirt
import Planner
import SpecModel

/// A volume as XML, after <https://libvirt.org/formatstorage.html#storage-volume-xml>.
enum VolumeDocument {
  static func definition(of volume: Volume) -> XMLElement {
    XMLElement("volume") {
      XMLElement("name", text: volume.name)
      XMLElement("capacity", ["unit": "bytes"], text: String(volume.capacity.rawValue))
      // A logical volume whose allocation is less than its capacity would be a snapshot of nothing.
      XMLElement(
        "allocation", ["unit": "bytes"], text: volume.isThick ? String(volume.capacity.rawValue) : "0")
      XMLElement("target") {
        if volume.type == .file { XMLElement("format", ["type": volume.format.rawValue]) }
        // Without it libvirt makes the qcow2 of 2010, which can do less.
        if volume.format == .qcow2 { XMLElement("compat", text: "1.1") }
      }
      if let backing = volume.backingPath {
        XMLElement("backingStore") {
          XMLElement("path", text: backing)
          XMLElement("format", ["type": backing.hasSuffix(".raw") ? "raw" : "qcow2"])
        }
      }
    }
  }

  /// The volume that an image's bytes are streamed into. It starts empty and grows as they arrive, so that its
  /// length tells whether all of them did.
  static func uploadTarget(for volume: Volume) -> XMLElement {
    XMLElement("volume") {
      XMLElement("name", text: volume.name)
      XMLElement("capacity", ["unit": "bytes"], text: "0")
      XMLElement("target") { XMLElement("format", ["type": "raw"]) }
    }
  }

  static func read(_ document: XMLElement, pool: String) -> Volume {
    let format = document.at("target", "format")?[attribute: "type"]
    var volume = Volume(
      pool: pool, name: document.first("name")?.text ?? "", path: document.at("target", "path")?.text ?? "",
      capacity: bytes(document.first("capacity")) ?? ByteCount(rawValue: 0),
      format: format.flatMap(DiskFormat.init) ?? .raw, backingPath: document.at("backingStore", "path")?.text,
      // libvirt leaves it out for an empty file: an upload that was cut off right at its beginning.
      physical: bytes(document.first("physical")) ?? ByteCount(rawValue: 0))
    volume.type = document[attribute: "type"].flatMap(VolumeType.init) ?? .file
    // libvirt tells no format of a device; a guest may have written what looks like one.
    if volume.type != .file { (volume.format, volume.backingPath) = (.raw, nil) }
    return volume
  }

  private static func bytes(_ element: XMLElement?) -> ByteCount? {
    element.flatMap { UInt64($0.text) }.map(ByteCount.init(rawValue:))
  }
}
