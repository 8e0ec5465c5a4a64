internal import CLibvirt

extension LibvirtError {
  /// A kind of error (`virErrorNumber`). Codes without a name here are kept as they are.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) {
      self.rawValue = rawValue
    }

    private init(_ number: virErrorNumber) {
      rawValue = Int32(bitPattern: number.rawValue)
    }

    public static let internalError = Code(VIR_ERR_INTERNAL_ERROR)
    /// The driver has no such function.
    public static let noSupport = Code(VIR_ERR_NO_SUPPORT)
    /// No driver took the URI, or its host could not be reached.
    public static let noConnect = Code(VIR_ERR_NO_CONNECT)
    public static let invalidConnection = Code(VIR_ERR_INVALID_CONN)
    public static let invalidArgument = Code(VIR_ERR_INVALID_ARG)
    public static let operationFailed = Code(VIR_ERR_OPERATION_FAILED)
    /// The connection is read-only.
    public static let operationDenied = Code(VIR_ERR_OPERATION_DENIED)
    /// The object is not in the state that the operation needs.
    public static let operationInvalid = Code(VIR_ERR_OPERATION_INVALID)
    public static let operationTimeout = Code(VIR_ERR_OPERATION_TIMEOUT)
    public static let operationAborted = Code(VIR_ERR_OPERATION_ABORTED)
    public static let operationUnsupported = Code(VIR_ERR_OPERATION_UNSUPPORTED)
    public static let argumentUnsupported = Code(VIR_ERR_ARGUMENT_UNSUPPORTED)
    public static let configUnsupported = Code(VIR_ERR_CONFIG_UNSUPPORTED)
    public static let systemError = Code(VIR_ERR_SYSTEM_ERROR)
    public static let rpcError = Code(VIR_ERR_RPC)
    /// The document is not well-formed, or lacks something.
    public static let xmlError = Code(VIR_ERR_XML_ERROR)
    public static let xmlDetail = Code(VIR_ERR_XML_DETAIL)
    /// The document does not follow libvirt's schema.
    public static let xmlInvalidSchema = Code(VIR_ERR_XML_INVALID_SCHEMA)
    public static let accessDenied = Code(VIR_ERR_ACCESS_DENIED)
    public static let authenticationFailed = Code(VIR_ERR_AUTH_FAILED)
    public static let authenticationCancelled = Code(VIR_ERR_AUTH_CANCELLED)
    public static let authenticationUnavailable = Code(VIR_ERR_AUTH_UNAVAILABLE)
    public static let tlsError = Code(VIR_ERR_GNUTLS_ERROR)
    public static let unknownHost = Code(VIR_ERR_UNKNOWN_HOST)
    public static let sshError = Code(VIR_ERR_SSH)

    public static let noDomain = Code(VIR_ERR_NO_DOMAIN)
    /// A domain of that name or UUID exists.
    public static let domainExists = Code(VIR_ERR_DOM_EXIST)
    public static let noDomainMetadata = Code(VIR_ERR_NO_DOMAIN_METADATA)
    public static let noDomainSnapshot = Code(VIR_ERR_NO_DOMAIN_SNAPSHOT)
    public static let noNetwork = Code(VIR_ERR_NO_NETWORK)
    public static let networkExists = Code(VIR_ERR_NETWORK_EXIST)
    public static let noNWFilter = Code(VIR_ERR_NO_NWFILTER)
    public static let noStoragePool = Code(VIR_ERR_NO_STORAGE_POOL)
    public static let noStorageVolume = Code(VIR_ERR_NO_STORAGE_VOL)
    public static let storageVolumeExists = Code(VIR_ERR_STORAGE_VOL_EXIST)
    public static let storagePoolBuilt = Code(VIR_ERR_STORAGE_POOL_BUILT)
    public static let deviceMissing = Code(VIR_ERR_DEVICE_MISSING)
    /// The guest's agent does not answer.
    public static let agentUnresponsive = Code(VIR_ERR_AGENT_UNRESPONSIVE)
    public static let agentUnsynced = Code(VIR_ERR_AGENT_UNSYNCED)
    public static let resourceBusy = Code(VIR_ERR_RESOURCE_BUSY)
  }
}
