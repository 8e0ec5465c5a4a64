/// A state of Terraform or OpenTofu, version 4: what they keep in `terraform.tfstate`.
struct TerraformState {
  private let estate: EstateBuilder
  private let root: SourceNode

  init(_ estate: EstateBuilder) throws(ConversionError) {
    self.estate = estate
    root = try JSONReader.read(estate.file)
  }

  func convert() throws(ConversionError) {
    let path = estate.file.path
    guard let version = root["version"]?.integer else {
      throw ConversionError(path, "is no state of Terraform: it has no version")
    }
    guard version == 4 else {
      throw ConversionError(
        path, "is a state of version \(version), and only 4 is known",
        help: "any Terraform since 0.12 makes one: terraform state pull > state.json")
    }
    let collection = TerraformCollection(estate)
    var hasData = false
    for resource in root["resources"]?.items ?? [] {
      guard let type = resource["type"]?.word, let name = resource["name"]?.word else {
        estate.note(estate.subject, line: resource.line, "a resource without a type or a name is not carried")
        continue
      }
      if resource["mode"]?.text == "data" {
        hasData = true
        continue
      }
      for instance in resource["instances"]?.items ?? [] {
        let address = TerraformCollection.address(
          resource["module"]?.word, type, name, key: instance["index_key"])
        guard instance["deposed"] == nil else {
          estate.note(
            address, line: instance.line, "is what Terraform has replaced and not removed yet: not carried")
          continue
        }
        if instance["status"]?.text == "tainted" {
          estate.note(address, line: instance.line, "is tainted: Terraform would make it anew")
        }
        guard let attributes = instance["attributes"], attributes.isMap else {
          estate.note(address, line: instance.line, "has no attributes that can be read: not carried")
          continue
        }
        collection.add(
          TerraformResource(type: type, address: address, attributes: attributes, isFilledIn: true))
      }
    }
    if hasData {
      estate.note(estate.subject, line: nil, "data sources are not carried: they only look things up")
    }
    if root["outputs"]?.entries.isEmpty == false {
      estate.note(estate.subject, line: root["outputs"]?.line, "outputs are not carried")
    }
    collection.convert()
  }
}

/// What `terraform show -json` prints of a state (<https://developer.hashicorp.com/terraform/internals/json-format>); of
/// a plan, the state before it.
struct TerraformShow {
  private let estate: EstateBuilder
  private let root: SourceNode

  init(_ estate: EstateBuilder) throws(ConversionError) {
    self.estate = estate
    root = try JSONReader.read(estate.file)
  }

  func convert() throws(ConversionError) {
    let path = estate.file.path
    guard root["format_version"] != nil else {
      throw ConversionError(path, "is no output of terraform show -json: it has no format_version")
    }
    if root["values"] == nil, root["prior_state"] != nil {
      estate.note(
        estate.subject, line: nil, "is a plan: what it would change is not carried, what was there before is")
    }
    guard let values = root["values"] ?? root["prior_state"]?["values"], let module = values["root_module"]
    else {
      throw ConversionError(path, "has no values: its state is empty")
    }
    let collection = TerraformCollection(estate)
    collect(module, into: collection)
    if values["outputs"]?.entries.isEmpty == false {
      estate.note(estate.subject, line: values["outputs"]?.line, "outputs are not carried")
    }
    collection.convert()
  }

  private func collect(_ module: SourceNode, into collection: TerraformCollection) {
    for resource in module["resources"]?.items ?? [] where resource["mode"]?.text != "data" {
      guard let type = resource["type"]?.word, let name = resource["name"]?.word,
        let values = resource["values"],
        values.isMap
      else {
        estate.note(
          estate.subject, line: resource.line, "a resource without a type, a name or values is not carried")
        continue
      }
      let address =
        resource["address"]?.word ?? TerraformCollection.address(nil, type, name, key: resource["index"])
      collection.add(TerraformResource(type: type, address: address, attributes: values, isFilledIn: true))
    }
    for child in module["child_modules"]?.items ?? [] { collect(child, into: collection) }
  }
}
