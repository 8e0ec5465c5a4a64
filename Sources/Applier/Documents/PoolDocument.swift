import Libvirt
import Planner
import SpecModel

/// A pool as XML, after <https://libvirt.org/formatstorage.html>.
enum PoolDocument {
  static func definition(of pool: Pool) -> XMLElement {
    XMLElement("pool", ["type": "dir"]) {
      XMLElement("name", text: pool.name)
      XMLElement("uuid", text: pool.uuid.uuidString.lowercased())
      XMLElement("target") { XMLElement("path", text: pool.directory ?? "") }
    }
  }

  static func definition(of volume: Volume) -> XMLElement {
    XMLElement("volume") {
      XMLElement("name", text: volume.name)
      XMLElement("capacity", ["unit": "bytes"], text: String(volume.capacity.rawValue))
      XMLElement("allocation", ["unit": "bytes"], text: "0")
      XMLElement("target") {
        XMLElement("format", ["type": volume.format.rawValue])
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

  static func read(volume document: XMLElement, pool: String) -> Volume {
    let format = document.at("target", "format")?[attribute: "type"]
    return Volume(
      pool: pool, name: document.first("name")?.text ?? "", path: document.at("target", "path")?.text ?? "",
      capacity: bytes(document.first("capacity")) ?? ByteCount(rawValue: 0),
      format: format.flatMap(DiskFormat.init) ?? .raw, backingPath: document.at("backingStore", "path")?.text,
      // libvirt leaves it out for an empty file: an upload that was cut off right at its beginning.
      physical: bytes(document.first("physical")) ?? ByteCount(rawValue: 0))
  }

  private static func bytes(_ element: XMLElement?) -> ByteCount? {
    element.flatMap { UInt64($0.text) }.map(ByteCount.init(rawValue:))
  }
}
