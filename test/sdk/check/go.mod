module github.com/jetcmq/jetcmq/test/sdk/check

go 1.26
