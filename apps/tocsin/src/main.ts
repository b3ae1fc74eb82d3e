#!/usr/bin/env -S node --conditions=@tocsin/source
console.log("tocsin");
