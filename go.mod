module github.com/jetcmq/jetcmq

go 1.26.8
