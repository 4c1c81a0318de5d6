// Package jetcmqtest gives test suites a CMQ server.
package jetcmqtest
