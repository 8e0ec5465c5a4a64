#ifndef VIRTFORM_CCURL_SHIM_H
#define VIRTFORM_CCURL_SHIM_H

#include <curl/curl.h>

/* Swift cannot call curl_easy_setopt and curl_easy_getinfo, which take any kind of argument. */

static inline CURLcode virtform_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode virtform_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode virtform_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode virtform_set_receiver(
    CURL *handle, CURLoption option, size_t (*value)(char *, size_t, size_t, void *)) {
  return curl_easy_setopt(handle, option, value);
}

#endif
