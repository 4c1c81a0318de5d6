module github.com/jetcmq/jetcmq/test/sdk/cmq

go 1.26

require github.com/tencentcloud/tencentcloud-sdk-go v3.0.233+incompatible
