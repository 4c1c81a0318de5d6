module github.com/jetcmq/jetcmq/test/sdk/tdmq

go 1.26

require github.com/tencentcloud/tencentcloud-sdk-go v1.0.162
