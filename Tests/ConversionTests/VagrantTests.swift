import Conversion
import Libvirt
import Testing

@Suite struct VagrantTests {
  /// A tar archive of GNU's form, compressed by zlib: metadata.json, a Vagrantfile, a member with a long name, box.img.
  static let box = """
    1f8b0800000000000203d3d3cf4d2d494c492c49d4cb2acecf63a005300002331313300d04e8b48181b939820d1237343035
    3264503060a003282d2e492c52506018a1a05aa9a028bf2c3325b548c94a41292733a92cb3a844494741292dbf2837b10424
    58989c5f6e041202499526e6c4176756a502258c0c6ab91846c1d0067afa6189e945897925699939a934b28350fe37313140
    cfff4646a6a3f99f1e001afb7ac9f9796999e9a545a91a4a464a9a0a29f90a3510a11a2e0505084baf2c570f56582858418b
    0ab0cab21a8532bddcd4dcfca24a055b60b96062a1909a97c205c243ddfce19ffff5f41d7cf2f3d27d32f3b26998ffb1e47b
    789e373242abff810d02533306059fd1fc4f73503128c168bd3c9ce29f60fbdfc00435ff1b9b1a998cb6ffe902728045ff68
    2e18c9edffa4fc0abdcc5c5a260282ed7f5313f4fadfd8d87834ffd305b0cb38146e608e3bee723291637ba5978608bfb86e
    50cb1189927b318faa952f4fcb703731b00c285bf9ca7e0e4f9bd0f200b6a3332ad292735bd73c50afb8e67ec8ff69bf1bf7
    adddab566c3ef345aff0b0fa14d179560f66c4198bb2b2086805779e556dfd5cca32c783f1f0cc9adcdcaaa9fbbf394cf99a
    f9bc5c746fb9bdd8d7e72fbe893b551d90aa7953c038db93e5c482d68aaace659704c2d78ab671cfb078342fc3515d5a4ecf
    a7723343f86ea3cd6e8f26f94bbdbf76fafc0316a3dc6dc215af8bd8168708dddc3267d2f495277f5836df71dfed7cb94ce3
    d1faee92ecc296a557c593f668cc55db1ecd77727a495c586ce1e423ecc1eba4274aaf0d623b34313f2a38ba60f251ceb04d
    0ad395b6460b9c9d5b939194ddb8f4866cf609f3f5d6e7cb745eed9eddd1dcbbe42493f3a40f0937d318168f9616a360b801
    001758423500160000
    """

  private static func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.filter(\.isHexDigit)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(digits.dropFirst($0).prefix(2), radix: 16)
    }
  }

  @Test("metadata beside the images become a domain with what vagrant-libvirt gives it")
  func metadata() throws {
    let path = "/home/me/.vagrant.d/boxes/debian-VAGRANTSLASH-bookworm64/12/amd64/libvirt/metadata.json"
    let text = """
      {"provider": "libvirt", "format": "qcow2", "virtual_size": 20, "architecture": "amd64", "vendor": {"a": 1}}
      """
    let estate = try converted(text, path)
    #expect(
      estate.domainText
        == """
        <domain type="kvm">
          <name>bookworm64</name>
          <memory unit="KiB">524288</memory>
          <currentMemory unit="KiB">524288</currentMemory>
          <vcpu placement="static">1</vcpu>
          <os>
            <type arch="x86_64">hvm</type>
          </os>
          <features>
            <acpi/>
            <apic/>
            <pae/>
          </features>
          <cpu mode="host-model"/>
          <clock offset="utc"/>
          <devices>
            <disk type="file" device="disk">
              <driver name="qemu" type="qcow2"/>
              <source file="/home/me/.vagrant.d/boxes/debian-VAGRANTSLASH-bookworm64/12/amd64/libvirt/box.img"/>
              <target dev="vda" bus="virtio"/>
            </disk>
          </devices>
        </domain>

        """)
    #expect(
      estate.volumeText
        == """
        - box.img /home/me/.vagrant.d/boxes/debian-VAGRANTSLASH-bookworm64/12/amd64/libvirt/box.img 21474836480 qcow2 - /home/me/.vagrant.d/boxes/debian-VAGRANTSLASH-bookworm64/12/amd64/libvirt/box.img bookworm64/vda

        """)
    #expect(
      estate.imageText
        == """
        bookworm64 /home/me/.vagrant.d/boxes/debian-VAGRANTSLASH-bookworm64/12/amd64/libvirt/box.img qcow2 - - 21474836480 bookworm64/vda

        """)
    #expect(
      estate.noteText
        == """
        /home/me/.vagrant.d/boxes/debian-VAGRANTSLASH-bookworm64/12/amd64/libvirt/metadata.json: bookworm64: a box does not say how large its machine is: 1 CPU and 512 MiB are what vagrant-libvirt gives it unless the Vagrantfile says otherwise
        /home/me/.vagrant.d/boxes/debian-VAGRANTSLASH-bookworm64/12/amd64/libvirt/metadata.json: bookworm64: a box says nothing of networks: vagrant-libvirt gives the machine a NIC on 'vagrant-libvirt'
        /home/me/.vagrant.d/boxes/debian-VAGRANTSLASH-bookworm64/12/amd64/libvirt/metadata.json:1: bookworm64: 'vendor' is not carried

        """)
  }

  @Test("metadata may describe several disks")
  func disks() throws {
    let text = """
      {
        "disks": [
          {"path": "disk1.img", "name": "main"},
          {"path": "disk2.img", "format": "raw", "virtual_size": 1.5},
          {"name": "lost"}
        ],
        "provider": "libvirt"
      }
      """
    let estate = try converted(text, "lab/metadata.json", beside: ["lab/Vagrantfile": []])
    #expect(estate.domains.first?.document.first("name")?.text == "lab")
    #expect(
      estate.volumeText
        == """
        - disk1.img lab/disk1.img - qcow2 - lab/disk1.img lab/vda
        - disk2.img lab/disk2.img 1610612736 raw - lab/disk2.img lab/vdb

        """)
    #expect(
      estate.noteText
        == """
        lab/metadata.json: metadata.json: its Vagrantfile is not carried, since it is a program: what it sets is not known
        lab/metadata.json:5: lab: a disk without a path is not carried
        lab/metadata.json: lab: a box does not say how large its machine is: 1 CPU and 512 MiB are what vagrant-libvirt gives it unless the Vagrantfile says otherwise
        lab/metadata.json: lab: a box says nothing of networks: vagrant-libvirt gives the machine a NIC on 'vagrant-libvirt'

        """)
  }

  @Test("a compressed box is looked through, and its images are its members")
  func compressed() throws {
    let estate = try converted(Self.bytes(Self.box), "boxes/debian12.box")
    #expect(estate.domains.first?.document.first("name")?.text == "debian12")
    #expect(
      estate.imageText
        == """
        debian12 boxes/debian12.box qcow2 box.img - 21474836480 debian12/vda

        """)
    #expect(
      estate.noteText
        == """
        boxes/debian12.box: debian12.box: its Vagrantfile is not carried, since it is a program: what it sets is not known
        boxes/debian12.box: debian12.box: is compressed: unpack it with tar xzf before its images can be taken out of it
        boxes/debian12.box: debian12: a box does not say how large its machine is: 1 CPU and 512 MiB are what vagrant-libvirt gives it unless the Vagrantfile says otherwise
        boxes/debian12.box: debian12: a box says nothing of networks: vagrant-libvirt gives the machine a NIC on 'vagrant-libvirt'

        """)
  }

  @Test("a compressed box that is broken anywhere is told, and does no harm")
  func broken() throws {
    let whole = Self.bytes(Self.box)
    for length in stride(from: 2, to: whole.count - 10, by: 7) {
      #expect(throws: ConversionError.self) {
        _ = try converted(Array(whole.prefix(length)), "a.box")
      }
    }
    for position in 10..<whole.count - 8 {
      var bytes = whole
      bytes[position] ^= 0x55
      _ = try? converted(bytes, "a.box")
    }
  }

  @Test("an archive as it is, with sizes in GNU's form and names in POSIX's")
  func archive() throws {
    let metadata = Array("{\"provider\": \"libvirt\", \"format\": \"qcow2\", \"virtual_size\": 2}".utf8)
    let estate = try converted(tar([("metadata.json", metadata), ("box.img", [1, 2, 3])]), "plain.box")
    #expect(
      estate.imageText
        == """
        plain plain.box qcow2 box.img - 2147483648 plain/vda

        """)
  }

  @Test("what is no box for libvirt is told")
  func errors() {
    #expect(
      error("{\"provider\": \"virtualbox\"}", "metadata.json", as: .vagrantBox)
        == "metadata.json: is a box for 'virtualbox', not for libvirt; vagrant mutate makes one for libvirt of it"
    )
    #expect(
      error("{}", "metadata.json", as: .vagrantBox)
        == "metadata.json: is no metadata.json of a box: it names no provider")
    #expect(error("{\"provider\": }", "metadata.json", as: .vagrantBox) == "metadata.json:1: is not JSON")
    #expect(
      error(tar([("box.img", [1])]), "a.box", as: .vagrantBox)
        == "a.box: has no metadata.json: it is no box of vagrant-libvirt")
    #expect(
      error([0xfd, 0x37, 0x7a, 0x58, 0x5a], "a.box", as: .vagrantBox)
        == "a.box: is compressed with something else than gzip; unpack it, such as with tar xf, and give its metadata.json"
    )
    var endless = tarHeader("metadata.json", size: 0x1_ffff_ffff)
    #expect(error(endless, "a.box", as: .vagrantBox) == "a.box: 'metadata.json' in it is larger than 1 MiB")
    endless = tarHeader("box.img", size: 0x1_ffff_ffff)
    #expect(
      error(endless, "a.box", as: .vagrantBox)
        == "a.box: ends in the middle of a member; fetch the archive again")
  }
}
