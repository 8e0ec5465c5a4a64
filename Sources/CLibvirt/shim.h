#ifndef VIRTFORM_CLIBVIRT_SHIM_H
#define VIRTFORM_CLIBVIRT_SHIM_H

#include <libvirt/libvirt.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

/* What libvirt's event loop is made of; Swift's module of the C library lacks them. */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#endif
