/* The floor: what the same work takes if nothing but the calls of libvirt is made that cannot be left out.
 *
 * It keeps no model, compares nothing, takes no lock and marks nothing. What it is given as XML is what virtform itself would
 * send, with @NUMBER@ where one object differs from the next.
 *
 *   floor read URI CONNECTIONS THREADS [PREFIX]             what runs, too, of those called so, or of all
 *   floor hosts URI CONNECTIONS THREADS [URI...]            reads several hosts at once
 *   floor create URI CONNECTIONS THREADS COUNT POOL VOLUME.xml DOMAIN.xml NETWORK.xml
 *   floor define URI CONNECTIONS THREADS COUNT DOMAIN.xml
 *   floor change URI CONNECTIONS THREADS PREFIX COUNT       reads all, and defines some once more
 *   floor destroy URI CONNECTIONS THREADS PREFIX POOL NETWORK       guests, definitions, and the volumes called so
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static virConnectPtr *connections;
static int connection_count, threads_per_connection;

static void keep_quiet(void *data, virErrorPtr error) { (void)data, (void)error; }

static void die(const char *what) {
    fprintf(stderr, "floor: %s: %s\n", what, virGetLastErrorMessage());
    exit(1);
}

/* Runs `work` for 0 ... count - 1, on all threads of all connections. */
static void (*work)(virConnectPtr connection, int item);
static atomic_int next_item;
static int item_count;

static void *worker(void *connection) {
    for (int item; (item = atomic_fetch_add(&next_item, 1)) < item_count;) work(connection, item);
    return NULL;
}

static void run(int count, void (*body)(virConnectPtr, int)) {
    work = body;
    item_count = count;
    atomic_store(&next_item, 0);
    int total = connection_count * threads_per_connection;
    pthread_t threads[total];
    for (int i = 0; i < total; i++)
        if (pthread_create(&threads[i], NULL, worker, connections[i % connection_count])) die("pthread_create");
    for (int i = 0; i < total; i++) pthread_join(threads[i], NULL);
}

static char *file(const char *path) {
    FILE *f = fopen(path, "r");
    if (!f) { perror(path); exit(1); }
    char *text = calloc(1, 1 << 20);
    if (fread(text, 1, (1 << 20) - 1, f) == 0) { perror(path); exit(1); }
    fclose(f);
    return text;
}

/* The text with the number wherever it says @NUMBER@, and its hexadecimal digits wherever it says @HEX@. */
static char *numbered(const char *text, int number) {
    char decimal[16], hex[16], *result = malloc(2 * strlen(text) + 64), *end = result;
    snprintf(decimal, sizeof decimal, "%d", number);
    snprintf(hex, sizeof hex, "%04x", number);
    while (*text) {
        const char *value = !strncmp(text, "@NUMBER@", 8) ? decimal : !strncmp(text, "@HEX@", 5) ? hex : NULL;
        if (!value) { *end++ = *text++; continue; }
        text += value == decimal ? 8 : 5;
        end = stpcpy(end, value);
    }
    *end = 0;
    return result;
}

static virDomainPtr *domains;
static char *is_active;
static const char *prefix = "";

static int is_ours(virDomainPtr domain) { return !strncmp(virDomainGetName(domain), prefix, strlen(prefix)); }

static int list_domains(void) {
    int count = virConnectListAllDomains(connections[0], &domains, VIR_CONNECT_LIST_DOMAINS_INACTIVE);
    virDomainPtr *active;
    int active_count = virConnectListAllDomains(connections[0], &active, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    if (count < 0 || active_count < 0) die("virConnectListAllDomains");
    domains = realloc(domains, (count + active_count + 1) * sizeof *domains);
    memcpy(domains + count, active, active_count * sizeof *domains);
    is_active = calloc(count + active_count + 1, 1);
    memset(is_active + count, 1, active_count);
    return count + active_count;
}

/* The same domain by another connection, which takes no call. */
static virDomainPtr domain_of(virConnectPtr connection, int item) {
    if (connection == connections[0]) return domains[item];
    unsigned char uuid[VIR_UUID_BUFLEN];
    virDomainGetUUID(domains[item], uuid);
    virDomainPtr domain = virDomainLookupByUUID(connection, uuid);
    if (!domain) die("virDomainLookupByUUID");
    return domain;
}

static void read_domain(virConnectPtr connection, int item) {
    virDomainPtr domain = domain_of(connection, item);
    char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
    if (!xml) die("virDomainGetXMLDesc");
    free(xml);
    if (!is_active[item] || !is_ours(domain)) return;
    if (!(xml = virDomainGetXMLDesc(domain, 0))) die("virDomainGetXMLDesc");
    free(xml);
}

static virStorageVolPtr *volumes;

/* How large a disk is, which its VM's definition does not say. */
static void read_volume(virConnectPtr connection, int item) {
    virStorageVolPtr volume = volumes[item];
    if (connection != connections[0]
        && !(volume = virStorageVolLookupByKey(connection, virStorageVolGetKey(volume)))) die("virStorageVolLookupByKey");
    char *xml = virStorageVolGetXMLDesc(volume, 0);
    if (!xml) die("virStorageVolGetXMLDesc");
    free(xml);
}

static void read_all(void) {
    virConnectPtr connection = connections[0];
    free(virConnectGetCapabilities(connection));
    run(list_domains(), read_domain);
    virNetworkPtr *networks;
    int count = virConnectListAllNetworks(connection, &networks, 0);
    for (int i = 0; i < count; i++) free(virNetworkGetXMLDesc(networks[i], 0));
    virStoragePoolPtr *pools;
    count = virConnectListAllStoragePools(connection, &pools, 0);
    for (int i = 0; i < count; i++) {
        free(virStoragePoolGetXMLDesc(pools[i], 0));
        int volume_count = virStoragePoolListAllVolumes(pools[i], &volumes, 0);
        if (volume_count > 0) run(volume_count, read_volume);
    }
}

static const char *pool_name;
static char *volume_text, *domain_text;

static virStoragePoolPtr pool(virConnectPtr connection) {
    static _Thread_local virStoragePoolPtr found;
    if (!found && !(found = virStoragePoolLookupByName(connection, pool_name))) die("virStoragePoolLookupByName");
    return found;
}

static void create_volume(virConnectPtr connection, int item) {
    char *xml = numbered(volume_text, item + 1);
    virStorageVolPtr volume = virStorageVolCreateXML(pool(connection), xml, 0);
    if (!volume) die("virStorageVolCreateXML");
    virStorageVolFree(volume);
    free(xml);
}

static void create_domain(virConnectPtr connection, int item) {
    create_volume(connection, item);
    char *xml = numbered(domain_text, item + 1);
    virDomainPtr domain = virDomainDefineXMLFlags(connection, xml, 0);
    if (!domain || virDomainCreate(domain) < 0) die("virDomainDefineXML, virDomainCreate");
    virDomainFree(domain);
    free(xml);
}

static void create_network(const char *text) {
    virNetworkPtr network = virNetworkDefineXML(connections[0], text);
    if (!network || virNetworkCreate(network) < 0) die("virNetworkDefineXML, virNetworkCreate");
    virNetworkFree(network);
}

static void destroy_network(const char *name) {
    virNetworkPtr network = virNetworkLookupByName(connections[0], name);
    if (!network || virNetworkDestroy(network) < 0 || virNetworkUndefine(network) < 0) die("virNetworkUndefine");
    virNetworkFree(network);
}

static void define_domain(virConnectPtr connection, int item) {
    char *xml = numbered(domain_text, item + 1);
    virDomainPtr domain = virDomainDefineXMLFlags(connection, xml, 0);
    if (!domain) die("virDomainDefineXML");
    virDomainFree(domain);
    free(xml);
}

static atomic_int changes_left;

static void change_domain(virConnectPtr connection, int item) {
    if (!is_ours(domains[item]) || atomic_fetch_sub(&changes_left, 1) <= 0) return;
    virDomainPtr domain = domain_of(connection, item);
    char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
    virDomainPtr defined = xml ? virDomainDefineXMLFlags(connection, xml, 0) : NULL;
    if (!defined) die("virDomainDefineXML");
    free(xml);
}

static void destroy_domain(virConnectPtr connection, int item) {
    if (!is_ours(domains[item])) return;
    virDomainPtr domain = domain_of(connection, item);
    if (is_active[item] && virDomainDestroy(domain) < 0) die("virDomainDestroy");
    if (virDomainUndefineFlags(domain, 0) < 0) die("virDomainUndefine");
}

static void delete_volume(virConnectPtr connection, int item) {
    const char *name = virStorageVolGetName(volumes[item]);
    if (strncmp(name, prefix, strlen(prefix))) return;
    virStorageVolPtr volume = virStorageVolLookupByName(pool(connection), name);
    if (!volume || virStorageVolDelete(volume, 0) < 0) die("virStorageVolDelete");
}

int main(int argc, char **argv) {
    if (argc < 5) { fprintf(stderr, "floor: see the head of its source\n"); return 64; }
    const char *verb = argv[1], *uri = argv[2];
    if (!strcmp(verb, "hosts")) {
        /* A process for each. */
        pid_t child = -1;
        int status, failed = 0;
        for (int i = 4; i < argc && child; i++) {
            child = fork();
            if (child < 0) { perror("fork"); return 1; }
            if (child == 0 && i > 4) uri = argv[i];
        }
        if (child) {
            while (wait(&status) > 0) failed |= status != 0;
            return failed;
        }
        verb = "read";
    }
    connection_count = atoi(argv[3]);
    threads_per_connection = atoi(argv[4]);
    virSetErrorFunc(NULL, keep_quiet);
    connections = calloc(connection_count, sizeof *connections);
    int is_reading = !strcmp(verb, "read");
    for (int i = 0; i < connection_count; i++)
        if (!(connections[i] = is_reading ? virConnectOpenReadOnly(uri) : virConnectOpen(uri))) die(uri);

    if (is_reading) {
        if (!strcmp(argv[1], "read") && argc == 6) prefix = argv[5];
        read_all();
    } else if (!strcmp(verb, "create") && argc == 10) {
        pool_name = argv[6];
        volume_text = file(argv[7]);
        domain_text = file(argv[8]);
        create_network(file(argv[9]));
        run(atoi(argv[5]), create_domain);
    } else if (!strcmp(verb, "define") && argc == 7) {
        domain_text = file(argv[6]);
        run(atoi(argv[5]), define_domain);
    } else if (!strcmp(verb, "change") && argc == 7) {
        prefix = argv[5];
        changes_left = atoi(argv[6]);
        int count = list_domains();
        run(count, read_domain);
        run(count, change_domain);
    } else if (!strcmp(verb, "destroy") && argc == 8) {
        prefix = argv[5];
        pool_name = argv[6];
        run(list_domains(), destroy_domain);
        int count = virStoragePoolListAllVolumes(pool(connections[0]), &volumes, 0);
        run(count < 0 ? 0 : count, delete_volume);
        destroy_network(argv[7]);
    } else {
        fprintf(stderr, "floor: see the head of its source\n");
        return 64;
    }
    return 0;
}
