#!/bin/sh
date > /var/lib/set-up
