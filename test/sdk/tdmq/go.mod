module github.com/jetcmq/jetcmq/test/sdk/tdmq

go 1.26

require (
	github.com/jetcmq/jetcmq/test/sdk/check v0.0.0
	github.com/tencentcloud/tencentcloud-sdk-go v1.0.162
)

replace github.com/jetcmq/jetcmq/test/sdk/check => ../check
